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
