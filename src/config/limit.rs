//! `[limit]` and `[drain]`: how much is allowed, and how a node says goodbye.

use std::time::Duration;

use super::declare::settings;

settings! {
    /// How much one person, one page or all together may ask for.
    pub struct Limit in "limit" {
        /// Codes for one client address in a minute; 0 = no limit.
        qrcodes_per_minute: u32 = "30" in 0..=1000000, reload;
        /// Frames from one connection in a second, in bursts of four times that; a faster one is
        /// closed with 4429.
        messages_per_second: u32 = "50" in 1..=1000000, reload;
        /// Websockets in all; 0 = no limit. Unset: what the file limit of the process allows.
        connections: Option<usize>, restart;
        /// Websockets from one client address; 0 = no limit.
        connections_per_address: usize = "0" in 0..=1000000000, reload;
        /// The longest message from a page, in bytes; a longer one is closed with 1009.
        message_bytes: usize = "4096" in 64..=16777216, reload;
        /// What a slow page may have waiting, in bytes, before it is closed with 4508.
        queue_bytes: usize = "262144" in 1024..=1073741824, reload;
        /// The time that a client has for its TLS handshake, for the headers and for the body of a
        /// request, and a trusted proxy for its PROXY header, each.
        header as "header_seconds": Duration = "10" in 0.1..=3600, reload;
    }
}

settings! {
    /// How a node goes after SIGTERM.
    pub struct Drain in "drain" {
        /// How long new connections are still taken, so that the balancer can notice.
        delay as "delay_seconds": Duration = "2" in 0..=3600, restart;
        /// Over how long the goodbyes to the pages are spread after that.
        over as "seconds": Duration = "20" in 0..=3600, restart;
    }
}
