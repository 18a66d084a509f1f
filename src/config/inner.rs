//! `[push]` and `[ops]`: the two listeners for the house itself.

use std::net::SocketAddr;

use super::declare::settings;
use super::secret::Secret;
use super::shape;

settings! {
    /// Where backends publish: one JSON line in, one word out.
    pub struct Push in "push" {
        /// Where it listens. Set a secret before you open it wider than loopback.
        listen: SocketAddr = "127.0.0.1:5678", restart;
        /// What the first line, `{"auth":"SECRET"}`, must then present; at least 8 bytes.
        secret: Option<Secret> where shape::strong, reload;
        /// Whether an event for a session that no page holds is kept for a page to come
        /// (`queued`) or refused (`fail`).
        retain: bool = "true", reload;
        /// The longest line, in bytes.
        line_bytes: usize = "65536" in 64..=16777216, restart;
        /// How many publishers may be connected at once.
        connections: usize = "1024" in 1..=1000000, restart;
    }
}

settings! {
    /// Where operators and their machines ask: `/metrics`, `/livez`, `/readyz`, `/api/v1/`.
    pub struct Ops in "ops" {
        /// Where it listens.
        listen: SocketAddr = "127.0.0.1:9129", restart;
        /// Bearer key for everything under `/api/`; at least 8 bytes. Without it the API answers
        /// only on a loopback address.
        api_key: Option<Secret> where shape::strong, reload;
    }
}
