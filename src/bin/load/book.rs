//! What was said and what was heard, of every uid.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::api::Code;
use crate::settings::Settings;
use crate::tally::{Tally, Wait};

/// The book of a run.
pub struct Book {
    /// From here times are counted.
    pub start: Instant,
    /// Readers first, then sleepers.
    pub accounts: Vec<Account>,
    words: [AtomicU64; WORDS.len()],
    answer_waits: Mutex<Vec<u32>>,
    page_waits: Mutex<Vec<u32>>,
}

/// One uid.
pub struct Account {
    /// Whose it is.
    pub code: Code,
    /// Whether its page has been sent away.
    pub is_gone: AtomicBool,
    accepted: AtomicU64,
    heard: AtomicU64,
    /// The newest number heard.
    newest: AtomicU64,
    repeated: AtomicU64,
}

/// What the push port answers.
pub const WORDS: [&str; 4] = ["ok", "queued", "fail", "unknown"];

/// How often the end looks whether all has come.
const LOOK: Duration = Duration::from_millis(10);

impl Book {
    /// An empty one.
    pub fn new(codes: Vec<Code>) -> Book {
        let accounts = codes.into_iter().map(|code| Account {
            code,
            is_gone: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            newest: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
        });
        Book {
            start: Instant::now(),
            accounts: accounts.collect(),
            words: Default::default(),
            answer_waits: Mutex::default(),
            page_waits: Mutex::default(),
        }
    }

    /// Microseconds since the start.
    pub fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Notes the answer to a line that was sent at `sent`.
    pub fn answered(&self, account: &Account, word: usize, sent: u64) {
        self.words[word].fetch_add(1, Ordering::Relaxed);
        self.answer_waits.lock().push(wait(self.now(), sent));
        if word < 2 {
            account.accepted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes an event at a page: its number, and when its line was sent.
    pub fn heard(&self, account: &Account, number: u64, sent: u64) {
        if number <= account.newest.swap(number, Ordering::Relaxed) {
            account.repeated.fetch_add(1, Ordering::Relaxed);
            return;
        }
        account.heard.fetch_add(1, Ordering::Relaxed);
        self.page_waits.lock().push(wait(self.now(), sent));
    }

    /// Waits until the readers, the first `pages`, have all that was accepted, or patience ends.
    pub async fn settle(&self, patience: Duration, pages: usize) {
        let end = Instant::now() + patience;
        while self.lost(pages) > 0 && Instant::now() < end {
            sleep(LOOK).await;
        }
    }

    /// Accepted for the readers, and not heard.
    fn lost(&self, pages: usize) -> u64 {
        let readers = self.accounts[..pages].iter();
        let lost = readers.map(|account| {
            let accepted = account.accepted.load(Ordering::Relaxed);
            accepted.saturating_sub(account.heard.load(Ordering::Relaxed))
        });
        lost.sum()
    }

    /// What came of it, where lines were said for so long.
    pub fn tally(&self, settings: &Settings, lasted: Duration) -> Tally {
        let repeated = self.accounts.iter().map(|account| &account.repeated);
        let sleepers = self.accounts[settings.pages..].iter();
        let gone = sleepers.filter(|account| account.is_gone.load(Ordering::Relaxed));
        Tally {
            seconds: lasted.as_secs_f64(),
            words: std::array::from_fn(|word| self.words[word].load(Ordering::Relaxed)),
            answer: Wait::of(&mut self.answer_waits.lock()),
            page: Wait::of(&mut self.page_waits.lock()),
            lost: self.lost(settings.pages),
            repeated: repeated.map(|count| count.load(Ordering::Relaxed)).sum(),
            sleepers: settings.sleepers as u64,
            gone: gone.count() as u64,
            p95: settings.p95,
        }
    }
}

fn wait(now: u64, sent: u64) -> u32 {
    u32::try_from(now.saturating_sub(sent)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_accepted_and_not_heard_is_lost() {
        let code = |uid| Code {
            uid,
            ticket: "t".to_owned(),
        };
        let book = Book::new(vec![code(1), code(2)]);
        let account = &book.accounts[0];
        for word in [0, 1, 2, 3] {
            book.answered(account, word, 0);
        }
        assert_eq!(book.lost(1), 2, "ok and queued are promises");
        book.heard(account, 1, 0);
        book.heard(account, 1, 0);
        assert_eq!(book.lost(1), 1);
        assert_eq!(account.repeated.load(Ordering::Relaxed), 1);
        book.heard(account, 2, 0);
        assert_eq!(book.lost(1), 0);
        // A sleeper hears nothing, and nobody expects it to.
        book.answered(&book.accounts[1], 0, 0);
        assert_eq!((book.lost(1), book.lost(2)), (0, 1));
    }
}
