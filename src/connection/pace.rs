//! How fast a peer may speak: so many frames a second on average, four times that at once.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket in one word: the instant at which it will be full again.
#[derive(Debug)]
pub(super) struct Pace {
    full_at: Instant,
}

/// Seconds' worth of frames that may come at once.
const BURST_SECONDS: u32 = 4;

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Counts frames; false where they came too soon.
    pub fn allows(&mut self, frames: u32, per_second: u32, now: Instant) -> bool {
        let cost = Duration::from_secs(1) * frames / per_second;
        let full_at = self.full_at.max(now) + cost;
        let allowed = full_at - now <= Duration::from_secs(BURST_SECONDS.into());
        if allowed {
            self.full_at = full_at;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_average_counts() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!((0..300).filter(|_| pace.allows(1, 50, start)).count(), 200);
        let later = start + Duration::from_millis(100);
        assert_eq!((0..300).filter(|_| pace.allows(1, 50, later)).count(), 5);
    }
}
