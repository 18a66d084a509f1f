//! The name of a person at one account.

use std::fmt;

/// A person, as one account knows them: 28 characters, opaque, case-sensitive. Prints its first six only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpenId(String);

impl OpenId {
    /// Takes an openid as the platform gave it.
    pub fn new(openid: impl Into<String>) -> OpenId {
        OpenId(openid.into())
    }

    /// The whole openid, for calls to the platform and for storage; never for a log.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(6).collect();
        write!(f, "{shown}…")
    }
}

impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenId({self})")
    }
}
