//! So many a second, and no more.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

/// How much of something there may be in a second. Taking from it costs a load or two.
#[derive(Debug)]
pub(super) struct Budget {
    most: u32,
    began: Instant,
    /// The second since `began` in the upper half, what was taken in it in the lower.
    taken: AtomicU64,
}

impl Budget {
    pub fn new(most: u32) -> Self {
        Self {
            most,
            began: Instant::now(),
            taken: AtomicU64::new(0),
        }
    }

    /// Takes one; false where that second has had its share.
    pub fn take(&self, now: Instant) -> bool {
        let second = now.saturating_duration_since(self.began).as_secs() << 32;
        let next = |taken: u64| {
            // What comes late counts with the newest second.
            let fresh = taken.max(second);
            ((fresh as u32) < self.most).then_some(fresh + 1)
        };
        let taken = &self.taken;
        taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_second_has_its_share() {
        let budget = Budget::new(2);
        let at = |millis| budget.began + Duration::from_millis(millis);
        for (millis, is_good) in [
            (0, true),
            (500, true),
            (999, false),
            (1000, true),
            (999, true),
            (1999, false),
            (7000, true),
        ] {
            assert_eq!(budget.take(at(millis)), is_good, "{millis}");
        }
        assert!(!Budget::new(0).take(at(0)));
    }
}
