//! The gateway as the world sees it: real sockets on port 0, one module per flow, each written from
//! the wire contract. `support` holds the people of these stories: a page, a backend, a phone.

// What cannot be had in a test should stop it where it stands.
#![allow(clippy::unwrap_used)]

mod accounts;
mod browser;
mod clients;
mod cluster;
mod confirm;
mod frames;
mod hook;
mod house;
mod http;
mod nodes;
mod ops;
mod original;
mod process;
mod proxy;
mod push;
mod qrcode;
mod sandbox;
mod scan;
mod send;
mod shutdown;
mod support;
mod timeline;
mod tls;
mod traces;
