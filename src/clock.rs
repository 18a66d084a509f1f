//! The time of day.

use std::time::{Duration, SystemTime};

/// The time of day, since 1970.
pub fn unix_time() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// A time of day as people read it where the clocks are so many hours ahead of UTC:
/// `2026-11-22 20:35`.
pub fn local_minute(unix_seconds: u64, hours_ahead: i32) -> String {
    let seconds = unix_seconds.saturating_add_signed(i64::from(hours_ahead) * 3600);
    let (days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    let (year, month, day) = civil(days);
    let (hour, minute) = (minutes / 60, minutes % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

/// The date so many days after the first of 1970, in the proleptic Gregorian calendar. Source: Howard
/// Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_told_where_the_clocks_are() {
        for (seconds, ahead, shown) in [
            (0, 0, "1970-01-01 00:00"),
            (0, -1, "1970-01-01 00:00"),
            (951_782_399, 0, "2000-02-28 23:59"),
            (951_782_400, 0, "2000-02-29 00:00"),
            (1_795_365_300, 8, "2026-11-23 00:35"),
            (1_795_365_300, -5, "2026-11-22 11:35"),
            (4_107_542_400, 0, "2100-03-01 00:00"),
        ] {
            assert_eq!(local_minute(seconds, ahead), shown);
        }
    }
}
