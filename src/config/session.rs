//! `[bind]`, `[session]`, `[heartbeat]`, `[ping]`: how long things live, and who may begin them.

use std::time::Duration;

use super::declare::settings;

settings! {
    /// How a page binds itself to a uid.
    pub struct Bind in "bind" {
        /// Whether a bind of a uid that is not on record registers it with the ticket that the page
        /// presents: for use beside a backend that issues its own codes.
        register: bool = "false", restart;
        /// The refused bind at which a connection is closed with 4403.
        refusals: u32 = "10" in 1..=1000000, reload;
    }
}

settings! {
    /// How long a code and its session live, and what a session remembers.
    pub struct Session in "session" {
        /// How long a code can be scanned, and the `expire_seconds` of its reply. WeChat itself
        /// takes whole seconds, and makes no code that lives less than 60.
        life as "seconds": Duration = "120" in 1..=2592000, restart;
        /// How long a session that no page holds lives on, after its last page or its code.
        grace as "grace_seconds": Duration = "60" in 0..=2592000, restart;
        /// How many events a session retains, the newest ones.
        events: usize = "128" in 1..=10000, restart;
        /// How many `push_id` a session remembers, the newest ones, to refuse a repeated push.
        push_ids: usize = "4096" in 1..=1000000, restart;
    }
}

settings! {
    /// When a silent connection is given up.
    pub struct Heartbeat in "heartbeat" {
        /// Silence after which a connection is closed with 4408; holds for new connections.
        after as "seconds": Duration = "40" in 0.1..=86400, reload;
    }
}

settings! {
    /// When a silent connection is asked whether it lives.
    pub struct Ping in "ping" {
        /// Silence after which a connection is sent a websocket ping; less than the heartbeat's.
        /// 0 = never. Holds for new connections.
        after as "seconds": Duration = "25" in 0..=86400, reload;
    }
}

impl Ping {
    /// The silence after which to ping, or none where pings are off.
    pub fn interval(&self) -> Option<Duration> {
        (!self.after.is_zero()).then_some(self.after)
    }
}
