//! The time of day.

use std::time::{Duration, SystemTime};

/// The time of day, since 1970.
pub fn unix_time() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
