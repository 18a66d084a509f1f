//! `[broker]` and `[data]`: what joins the nodes, and what outlives them.

use std::path::PathBuf;

use super::declare::settings;
use super::text::{Text, expected};

settings! {
    /// What joins the nodes.
    pub struct Broker in "broker" {
        /// Which broker: `embedded` lives inside this process.
        url: BrokerUrl = "embedded", restart;
    }
}

settings! {
    /// What the embedded broker keeps on disk.
    pub struct Data in "data" {
        /// Directory for accounts and send tokens; made if it is missing.
        dir: PathBuf = "./data", restart;
    }
}

/// Which broker a node joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerUrl {
    /// The one inside this process.
    Embedded,
}

impl Text for BrokerUrl {
    const FORM: &'static str = "embedded";
    const PLACEHOLDER: &'static str = "URL";

    fn from_text(text: &str) -> Result<Self, String> {
        if text == "embedded" {
            return Ok(Self::Embedded);
        }
        // Only the scheme is quoted: a broker's URL may hold a password.
        match text.split_once("://") {
            Some((scheme, _)) if scheme.starts_with("redis") || scheme.starts_with("valkey") => {
                Err(format!(
                    "{scheme}:// is not supported: this version joins nodes only inside one \
                     process; use `embedded`"
                ))
            }
            Some((scheme, _)) => Err(expected(Self::FORM, &format!("{scheme}://…"))),
            None => Err(expected(Self::FORM, text)),
        }
    }

    fn to_text(&self) -> Option<String> {
        match self {
            Self::Embedded => Some("embedded".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_of_its_own_is_refused_without_showing_its_password() {
        let fault = BrokerUrl::from_text("redis://:hunter22@db:6379").unwrap_err();
        assert!(fault.contains("only inside one process"), "{fault}");
        assert!(!fault.contains("hunter22"), "{fault}");
        assert!(BrokerUrl::from_text("embeded").is_err());
    }
}
