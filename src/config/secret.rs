//! What must never be seen: a value that prints as `…` and is compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq;

use super::text::Text;

/// A secret text, never empty.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` from being printed. Not for empty text: nothing is no secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one place that needs it; never for a log line.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this secret, in a time that depends on the lengths alone.
    pub fn matches(&self, presented: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(presented).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Text for Secret {
    const FORM: &'static str = "a secret";
    const PLACEHOLDER: &'static str = "SECRET";
    const SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        Ok(Self::new(text))
    }

    fn to_text(&self) -> Option<String> {
        Some("…".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_expose_shows_it() {
        let secret = Secret::new("swordfish");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "… … Some(…)"
        );
        assert_eq!(secret.to_text().as_deref(), Some("…"));
        assert_eq!(secret.expose(), "swordfish");
    }

    #[test]
    fn it_is_compared_by_value() {
        let secret = Secret::new("swordfish");
        assert!(secret.matches(b"swordfish"));
        assert!(!secret.matches(b"swordfisj"));
        assert!(!secret.matches(b"sword"));
        assert_eq!(secret, secret.clone());
    }
}
