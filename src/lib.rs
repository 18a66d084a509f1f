//! scangate: tells a waiting web page, in real time, that somebody scanned its WeChat code.
//!
//! The library is the gateway; `docs/ARCHITECTURE.md` shows its floors. A file imports only from its
//! own floor and those below.

// Floor 0, words: pure, no I/O, no clock.
pub mod certificate;
pub mod client;
pub mod config;
pub mod ending;
pub mod frame;
pub mod markdown;
pub mod message;
pub mod proxy_protocol;
pub mod session;
pub mod webhook;

// Floor 1, plumbing: sockets, files, the broker; nothing of WeChat.
pub mod broker;
pub mod cgroup;
pub mod clock;
pub mod connection;
pub mod deadlines;
pub mod http;
pub mod listen;
pub mod logging;
pub mod metrics;
pub mod outbound;
pub mod random;
pub mod shutdown;
pub mod stream;
pub mod tls;

// Floor 2, law: what is allowed, who gets what. (`wechat` has its words on floor 0, and
// the platform's API here.)
pub mod accounts;
pub mod action;
pub mod bonds;
pub mod broadcast;
pub mod codes;
pub mod confirm;
pub mod deed;
pub mod gateway;
pub mod groups;
pub mod hooks;
pub mod hub;
pub mod jobs;
pub mod limits;
pub mod listener;
pub mod points;
pub mod records;
pub mod registry;
pub mod scan;
pub mod send;
pub mod texts;
pub mod timeline;
pub mod verdict;
pub mod wechat;

// Floor 3, doors: one file a way in.
pub mod doors;

// Floor 4: the node that assembles them, and its command line.
pub mod cli;
pub mod node;
