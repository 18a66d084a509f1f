//! What holds for all inputs, not only for those that somebody thought of.

// What cannot be read should stop the test where it stands.
#![allow(clippy::unwrap_used)]

mod markdown;
mod message;
mod push;
mod wechat;
mod words;
