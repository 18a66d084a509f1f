//! `[points]`: what a scan of the action `points` gives.

use std::time::Duration;

use super::declare::settings;

settings! {
    /// What a scan of the action `points` gives to the account that it is about.
    pub struct Points in "points" {
        /// Points that one scan gives.
        per_scan: u32 = "1" in 1..=1000000, restart;
        /// Scans a day that give points to one account.
        per_day: u32 = "10" in 1..=1000000, restart;
        /// Where a day begins: the site's hours ahead of UTC, such as 8 for China.
        utc_offset_hours: i32 = "8" in -12..=14, restart;
    }
}

impl Points {
    /// The number of the site's day at `now`, since 1970; its day 0 is 1970-01-01.
    pub fn day(&self, now: Duration) -> u64 {
        const HOUR: i64 = 3600;
        let ahead = i64::from(self.utc_offset_hours) * HOUR;
        now.as_secs().saturating_add_signed(ahead) / (24 * HOUR as u64)
    }
}
