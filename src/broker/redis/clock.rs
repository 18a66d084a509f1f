//! The time of Redis, by which deadlines are told: how far it is ahead of a clock of ours that never
//! steps. In a Cluster one primary's time stands for all.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::time::Instant;

use super::unix_millis;

/// Redis's clock, as far as it is known.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// Its milliseconds since 1970 at our start.
    at_start: AtomicI64,
    /// By how many milliseconds it was ahead of this machine's when it was told.
    ahead: AtomicI64,
}

/// What is told is true to a millisecond or two. It is not followed to and fro by so little, so that the
/// moments of one node stay in order.
const GRAIN_MILLIS: u64 = 2;

impl Clock {
    /// Our own time, until Redis tells its.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            at_start: AtomicI64::new(unix_millis()),
            ahead: AtomicI64::new(0),
        }
    }

    /// Redis told this time when it was asked, somewhere between the two moments.
    pub fn learn(&self, told_millis: i64, asked: Instant, answered: Instant) {
        let told = asked + (answered - asked) / 2;
        let since = (told - self.start).as_millis() as i64;
        follow(&self.at_start, told_millis - since);
        let here = unix_millis() - told.elapsed().as_millis() as i64;
        follow(&self.ahead, told_millis - here);
    }

    /// Its milliseconds since 1970.
    pub fn millis(&self) -> i64 {
        self.at_start.load(Ordering::Relaxed) + self.start.elapsed().as_millis() as i64
    }

    /// By how many milliseconds it is ahead of this machine's.
    pub fn ahead_millis(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }
}

fn follow(known: &AtomicI64, told: i64) {
    if known.load(Ordering::Relaxed).abs_diff(told) > GRAIN_MILLIS {
        known.store(told, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_from_what_was_told() {
        let clock = Clock::new();
        let asked = Instant::now();
        let answered = asked + Duration::from_millis(20);
        clock.learn(5_000, asked, answered);
        tokio::time::advance(Duration::from_millis(30)).await;
        assert_eq!(clock.millis(), 5_020);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.millis(), 6_020);
        // It was told 5,010 ms ago at most, by a machine's clock that goes on by itself.
        let ahead = 5_000 - unix_millis();
        assert!((clock.ahead_millis() - ahead).abs() < 60_000, "{ahead}");

        let asked = Instant::now();
        clock.learn(6_022, asked, asked);
        assert_eq!(clock.millis(), 6_020, "true to a millisecond or two");
        clock.learn(6_023, asked, asked);
        assert_eq!(clock.millis(), 6_023);
    }
}
