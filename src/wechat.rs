//! The words of the WeChat official account platform: what it signs, encrypts, says and expects to hear.
//!
//! The words are pure: bytes in, values out; no socket, no clock (`now` is always an argument), no randomness.
//! Only `api`, with `token` and `breaker` below it, calls the platform.
//!
//! | module | idea |
//! |---|---|
//! | [`signature`] | the sorted SHA-1 that proves who calls |
//! | [`cipher`] | the AES frame of compatible and safe mode |
//! | [`query`] | query strings, read strictly and written safely |
//! | [`xml`] | a strict reader of the platform's flat XML |
//! | [`openid`] | the name of a person, which no log shows whole |
//! | [`event`] | what a callback says: a scan, a follow, a text |
//! | [`reply`] | what we answer into the chat |
//! | [`callback`] | all of the above, in the right order, as one gate |
//! | [`refusal`] | why the gate stays shut |
//! | [`endpoint`] | the calls of the platform's API |
//! | [`answer`] | what they return |
//! | [`fault`] | what to do when they fail |
//! | [`api`] | the calls themselves |

pub mod answer;
pub mod api;
mod breaker;
pub mod callback;
pub mod cipher;
pub mod endpoint;
pub mod event;
pub mod fault;
pub mod openid;
pub mod query;
pub mod refusal;
pub mod reply;
mod shared;
pub mod signature;
mod token;
pub mod xml;
