//! scangate: tells a waiting web page, in real time, that somebody scanned its WeChat code.
//!
//! The library is the gateway; `docs/ARCHITECTURE.md` shows its floors. A file imports only from
//! floors below its own.

// Floor 0, words: pure, no I/O, no clock.
pub mod config;
pub mod ending;
pub mod frame;
pub mod message;
pub mod session;

// Floor 1, plumbing: sockets, files, the broker; nothing of WeChat.
pub mod broker;
pub mod connection;
pub mod metrics;
pub mod random;
pub mod stream;
