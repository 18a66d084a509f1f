//! `[public]`: what browsers and WeChat reach.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::declare::settings;
use super::origins::Origins;
use super::shape;

settings! {
    /// What browsers and WeChat reach: the page, the websocket, `/qrcode`, `/wechat`, `.send`.
    pub struct Public in "public" {
        /// Where it listens. Port 0 picks a free one; the log says which.
        listen: SocketAddr = "0.0.0.0:2129", restart;
        /// PEM file with the certificate and its chain. Given with `tls_key` the listener speaks
        /// TLS, and nothing else.
        tls_cert: Option<PathBuf>, restart;
        /// PEM file with the private key of `tls_cert`.
        tls_key: Option<PathBuf>, restart;
        /// How often the two files are looked at; new ones are taken without a dropped connection.
        tls_reload as "tls_reload_seconds": Duration = "10" in 0.1..=86400, restart;
        /// Web pages that may open a websocket or ask for a code: origins such as
        /// `https://www.example.com`, and `same-origin` for the gateway's own; or `*` for any.
        origins: Origins = "same-origin", reload;
        /// Addresses and CIDRs of proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and PROXY
        /// header (version 1 or 2) are believed. Name no proxy that passes on what clients send
        /// without such a header of its own: a client could write one.
        trusted_proxies: Vec<IpNet> = "", reload;
        /// The base URL by which people reach this gateway, for the links it hands out (`.send`).
        /// Unset: the scheme and host of the request at hand.
        url: Option<String> where shape::base_url, reload;
        /// The site's name as people are shown it in the chat and on the pages that they open there.
        /// Unset: the host of `url`, or of the request at hand.
        name: Option<String> where shape::site_name, restart;
    }
}
