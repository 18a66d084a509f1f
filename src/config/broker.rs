//! `[broker]` and `[data]`: what joins the nodes, and what outlives them.

use std::fmt;
use std::path::PathBuf;

use super::declare::settings;
use super::shape;
use super::text::{Text, expected};

settings! {
    /// What joins the nodes.
    pub struct Broker in "broker" {
        /// Which broker: `embedded` lives inside this process and joins nothing. With Redis 7.0 or
        /// newer (or Valkey): `redis://` or `rediss://HOST:PORT`,
        /// `redis-sentinel://HOST:PORT?sentinelServiceName=NAME`, `redis-cluster://HOST:PORT`; user
        /// and password before the host, further hosts as `node=HOST:PORT`.
        url: BrokerUrl = "embedded", restart;
        /// What begins every key and channel at Redis, so that installations can share one.
        prefix: String where shape::key_prefix = "scangate", restart;
        /// How many replicas of Redis must have a push before it is `ok`, so that a failover cannot
        /// lose it; one that too few confirm in time is `unknown`. Records and jobs wait likewise.
        wait_replicas: u32 = "0" in 0..=16, restart;
    }
}

settings! {
    /// What the embedded broker keeps on disk.
    pub struct Data in "data" {
        /// Directory for persons, bonds, points, messages, tokens and jobs; made if it is missing.
        dir: PathBuf = "./data", restart;
    }
}

/// Which broker a node joins.
#[derive(Clone, PartialEq, Eq)]
pub enum BrokerUrl {
    /// The one inside this process.
    Embedded,
    /// A Redis, by its URL. It may hold a password and is never shown whole.
    Redis(String),
}

/// The schemes of fred's URLs, without the `s` of TLS and the kind behind a dash.
const SCHEMES: [&str; 6] = [
    "redis",
    "rediss",
    "redis-sentinel",
    "rediss-sentinel",
    "redis-cluster",
    "rediss-cluster",
];

impl Text for BrokerUrl {
    const FORM: &'static str = "embedded or a redis URL";
    const PLACEHOLDER: &'static str = "URL";
    const SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        if text == "embedded" {
            return Ok(Self::Embedded);
        }
        // Only the scheme is quoted: a broker's URL may hold a password.
        match text.split_once("://") {
            Some((scheme, rest)) if SCHEMES.contains(&scheme) && !rest.is_empty() => {
                Ok(Self::Redis(text.to_owned()))
            }
            Some((scheme, _)) => Err(expected(Self::FORM, &format!("{scheme}://…"))),
            None => Err(expected(Self::FORM, text)),
        }
    }

    fn to_text(&self) -> Option<String> {
        match self {
            Self::Embedded => Some("embedded".to_owned()),
            Self::Redis(url) => Some(url.clone()),
        }
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Redis(_) => "redis…",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_by_its_scheme_and_never_shown() {
        for scheme in SCHEMES {
            let url = BrokerUrl::from_text(&format!("{scheme}://:hunter22@db:6379")).unwrap();
            assert_eq!(format!("{url:?}"), "redis…");
        }
        let fault = BrokerUrl::from_text("amqp://:hunter22@db").unwrap_err();
        assert!(!fault.contains("hunter22"), "{fault}");
        assert!(BrokerUrl::from_text("embeded").is_err());
    }
}
