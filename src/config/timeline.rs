//! `[timeline]`: what is remembered of the life of sessions.

use std::time::Duration;

use super::declare::settings;

settings! {
    /// What is remembered of the life of sessions, for whoever asks what became of one.
    pub struct Timeline in "timeline" {
        /// How many moments of a session are remembered, the newest ones; 0 = none.
        entries: usize = "100" in 0..=1000, restart;
        /// How long they are remembered after the last of them.
        life as "seconds": Duration = "3600" in 1..=604800, restart;
        /// How many moments a second this node remembers of those that come often: binds and leaves
        /// of pages, pushes, writes to sockets. Of the others every one is remembered.
        per_second: u32 = "200" in 0..=100000, restart;
    }
}
