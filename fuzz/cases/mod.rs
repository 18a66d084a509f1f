//! What each fuzz target does with its bytes. It stands once, here: the targets feed it what the
//! fuzzer invents, and `tests/corpus.rs` what the fuzzer found.
//!
//! A case panics where the gateway breaks a promise, and nowhere else.

mod config;
mod frame;
mod markdown;
mod message;
mod proxy;
mod wechat;

pub use config::config;
pub use frame::frame;
pub use markdown::markdown;
pub use message::{bind, push_line};
pub use proxy::proxy_header;
pub use wechat::{wechat_cipher, wechat_gate, wechat_xml};
