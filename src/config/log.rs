//! `[log]`: what the node tells of itself, on standard error.

use super::declare::{settings, words};
use super::shape;

settings! {
    /// What the node tells of itself, on standard error.
    pub struct Log in "log" {
        /// How much is told: off, error, warn, info, debug or trace, also by module, as in
        /// `warn,scangate=debug`.
        level: String where shape::log_directives = "info", reload;
        /// How many lines of one kind are told of sessions in a second; the next one says how many were
        /// left out.
        per_second: u32 = "10" in 0..=100000, restart;
        /// text for people, json for machines.
        format: Format = "text", restart;
    }
}

words! {
    /// What a log line looks like.
    pub enum Format {
        /// A sentence with fields.
        Text = "text",
        /// An object.
        Json = "json",
    }
}
