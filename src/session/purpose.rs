//! What a code stands for: an action, and for some the account of the site that it is about.

use std::fmt;
use std::str::FromStr;

/// What a scan does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The person's own send token, made once and shown on the page.
    Token,
    /// Another send token for the person; the one so far is void.
    Renew,
    /// A one-time token that the site's backend exchanges for who logged in.
    Login,
    /// Ties the person to an account of the site.
    Bind,
    /// Unties the person from an account of the site.
    Unbind,
    /// Gives points to an account of the site.
    Points,
}

impl Action {
    /// Every action, in the order of the documentation.
    pub const ALL: [Action; 6] = [
        Action::Token,
        Action::Renew,
        Action::Login,
        Action::Bind,
        Action::Unbind,
        Action::Points,
    ];

    /// The word used on the wire, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Action::Token => "token",
            Action::Renew => "renew",
            Action::Login => "login",
            Action::Bind => "bind",
            Action::Unbind => "unbind",
            Action::Points => "points",
        }
    }

    /// Whether it is about an account of the site; then only the site's backend can ask for a code.
    pub fn needs_account(self) -> bool {
        matches!(self, Action::Bind | Action::Unbind | Action::Points)
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|action| action.word() == word)
            .ok_or(())
    }
}

/// The name of an account of the site's: 1..=128 bytes of text without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SiteAccount(Box<str>);

impl SiteAccount {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// None where the name is empty, too long, or has control characters in it.
    pub fn new(name: impl Into<Box<str>>) -> Option<Self> {
        let name = name.into();
        let fits = !name.is_empty() && name.len() <= Self::MAX_BYTES;
        (fits && !name.chars().any(char::is_control)).then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one code stands for; `bind alice` as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// What a scan does.
    pub action: Action,
    /// The account that it is about; Some exactly where the action needs one.
    pub account: Option<SiteAccount>,
}

impl Purpose {
    /// None where the account is missing, or one too many.
    pub fn new(action: Action, account: Option<SiteAccount>) -> Option<Self> {
        (action.needs_account() == account.is_some()).then_some(Self { action, account })
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action.word())?;
        match &self.account {
            Some(account) => write!(f, " {account}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Purpose {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (action, account) = match text.split_once(' ') {
            Some((action, account)) => (action, Some(SiteAccount::new(account).ok_or(())?)),
            None => (text, None),
        };
        Self::new(action.parse()?, account).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_survives_being_text() {
        for text in [
            "token",
            "login",
            "bind alice",
            "points a b  c",
            "unbind 张三",
        ] {
            assert_eq!(text.parse::<Purpose>().unwrap().to_string(), text);
        }
        for bad in ["", "bind", "bind ", "token alice", "fly", "bind a\nb"] {
            assert!(bad.parse::<Purpose>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_account_has_bounds() {
        assert!(SiteAccount::new("").is_none());
        assert!(SiteAccount::new("x".repeat(129)).is_none());
        assert!(SiteAccount::new("a\u{7f}").is_none());
        assert!(SiteAccount::new("x".repeat(128)).is_some());
    }
}
