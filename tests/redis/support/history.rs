//! What was said and what was heard, and whether the one follows from the other.

use std::ops::Range;
use std::time::Duration;

use tokio::time::Instant;

/// A line that a publisher said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its number.
    pub n: usize,
    /// What it was answered at last: `ok`, `queued`, `fail`, `unknown`; `cut` where the connection
    /// ended first.
    pub word: String,
    /// What it was answered before that, each time that it was said.
    pub before: Vec<String>,
    /// When it was said first.
    pub asked: Instant,
    /// When it was answered last.
    pub answered: Instant,
    /// The longest that an answer took.
    pub took: Duration,
}

impl Said {
    /// Every answer that it got.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let words = self.before.iter().chain([&self.word]);
        words.map(String::as_str)
    }

    /// Whether it must arrive.
    pub fn is_accepted(&self) -> bool {
        matches!(self.word.as_str(), "ok" | "queued")
    }

    /// Whether it was on its way at some moment of `time`.
    pub fn is_in(&self, time: &Range<Instant>) -> bool {
        self.asked < time.end && self.answered >= time.start
    }
}

/// Every line is answered within 2 s; a busy machine may add a little.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(2400);

/// Checks what a page heard against what its publisher said: every accepted line once and in order,
/// no refused one ever, nothing of others; and that each line was answered in time.
#[track_caller]
pub fn check(said: &[Said], heard: &[usize]) {
    let now = Instant::now();
    check_but(said, heard, &(now..now));
}

/// The same, where Redis has died with what it alone had. Lines that were on their way while that
/// came to it, `forgotten`, may be lost; or heard twice in a row, where they were said again to one
/// that did not know them. All others are checked as ever.
#[track_caller]
pub fn check_but(said: &[Said], heard: &[usize], forgotten: &Range<Instant>) {
    let is_forgotten = |n: usize| {
        let line = said.binary_search_by_key(&n, |line| line.n);
        line.is_ok_and(|at| said[at].is_in(forgotten))
    };
    let mut heard = heard.to_vec();
    heard.dedup_by(|next, n| next == n && is_forgotten(*n));
    let heard = heard.as_slice();
    let in_order = heard.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(in_order, "twice or out of order: {:?}", disorder(heard));
    for line in said {
        let was_heard = heard.binary_search(&line.n).is_ok();
        assert!(line.took < ANSWER_WITHIN, "answered late: {line:?}");
        match line.word.as_str() {
            "ok" | "queued" if line.is_in(forgotten) => {}
            "ok" | "queued" => assert!(was_heard, "lost: {line:?} {}", around(said, heard, line.n)),
            "fail" => assert!(!was_heard, "refused, and heard: {line:?}"),
            _ => {}
        }
    }
    let unsaid = |n: &&usize| said.binary_search_by_key(*n, |line| line.n).is_err();
    assert_eq!(heard.iter().find(unsaid), None, "heard, but never said");
}

/// Checks that no line ever got another answer than these.
#[track_caller]
pub fn only_words(said: &[Said], allowed: &[&str]) {
    let is_odd = |line: &&Said| line.words().any(|word| !allowed.contains(&word));
    let odd = said.iter().find(is_odd);
    assert!(odd.is_none(), "{odd:?}");
}

/// What was said and heard before and after line `n`.
fn around(said: &[Said], heard: &[usize], n: usize) -> String {
    let near = |other: &usize| other.abs_diff(n) <= 5;
    let said = said.iter().filter(|line| near(&line.n));
    let said: Vec<_> = said.map(|line| (line.n, &line.word)).collect();
    let heard: Vec<_> = heard.iter().filter(|n| near(n)).collect();
    format!("said {said:?}, heard {heard:?}")
}

/// The first place where the order is broken, with its neighbours.
fn disorder(heard: &[usize]) -> Option<&[usize]> {
    let at = heard.windows(2).position(|pair| pair[0] >= pair[1])?;
    Some(&heard[at.saturating_sub(3)..(at + 5).min(heard.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of these words, a second apart.
    fn said(words: &[&str]) -> Vec<Said> {
        let begun = Instant::now();
        let line = |(n, word): (usize, &&str)| {
            let asked = begun + Duration::from_secs(n as u64);
            Said {
                n,
                word: (*word).to_owned(),
                before: Vec::new(),
                asked,
                answered: asked + Duration::from_millis(1),
                took: Duration::from_millis(1),
            }
        };
        words.iter().enumerate().map(line).collect()
    }

    /// Whether the checker is content; what died with a Redis came there while these lines were said.
    fn passes(said: &[Said], heard: &[usize], forgotten: Range<usize>) -> bool {
        let start = said[0].asked - Duration::from_millis(500);
        let at = |n: usize| start + Duration::from_secs(n as u64);
        let forgotten = at(forgotten.start)..at(forgotten.end);
        let checked = || check_but(said, heard, &forgotten);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(checked)).is_ok()
    }

    #[test]
    fn the_checker_sees_what_is_wrong() {
        let lines = said(&["ok", "queued", "fail", "unknown", "ok"]);
        for good in [&[0, 1, 4][..], &[0, 1, 3, 4]] {
            assert!(passes(&lines, good, 0..0), "{good:?}");
        }
        for wrong in [
            &[0, 1][..],   // lost
            &[0, 1, 1, 4], // twice
            &[1, 0, 4],    // out of order
            &[0, 1, 2, 4], // refused, and heard
            &[0, 1, 4, 5], // somebody else's
        ] {
            assert!(!passes(&lines, wrong, 0..0), "{wrong:?}");
        }
        let mut late = lines.clone();
        late[4].took = ANSWER_WITHIN;
        assert!(!passes(&late, &[0, 1, 4], 0..0), "answered late");
    }

    #[test]
    fn what_died_with_a_redis_excuses_nothing_else() {
        let lines = said(&["ok", "ok", "ok"]);
        assert!(passes(&lines, &[0, 2], 1..2));
        assert!(passes(&lines, &[0, 1, 1, 2], 1..2));
        assert!(!passes(&lines, &[1, 2], 1..2), "lost before");
        assert!(!passes(&lines, &[0, 1], 1..2), "lost after");
        assert!(!passes(&lines, &[0, 0, 1, 2], 1..2), "twice before");
        assert!(!passes(&lines, &[1, 0, 2], 0..3), "out of order");
    }
}
