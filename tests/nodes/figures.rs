//! Many durations, told in a few words.

use std::fmt;
use std::time::Duration;

use crate::support::Heard;

/// Durations in their order.
pub struct Figures(Vec<Duration>);

impl Figures {
    /// How long pages were away, each time.
    pub fn of_absences<'a>(heard: impl IntoIterator<Item = &'a Heard>) -> Figures {
        let absences = heard.into_iter().flat_map(|heard| &heard.absences);
        let mut all: Vec<_> = absences.copied().collect();
        all.sort_unstable();
        Figures(all)
    }

    /// What 99 of 100 do not exceed.
    pub fn p99(&self) -> Duration {
        self.at(99)
    }

    fn at(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, most, last] = [50, 99, 100].map(|percent| self.at(percent));
        let many = self.0.len();
        write!(
            f,
            "{many} absences: median {half:.1?}, p99 {most:.1?}, longest {last:.1?}"
        )
    }
}
