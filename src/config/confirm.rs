//! `[confirm]`: which scans count only once the person has confirmed them.

use std::time::Duration;

use super::declare::settings;
use super::text::{Notation, Text, expected, items};
use crate::session::Action;

settings! {
    /// Which scans count only once the person has confirmed them on a page inside WeChat.
    pub struct Confirm in "confirm" {
        /// The actions that a person confirms, by choosing the number that the waiting page shows:
        /// token, renew, login, bind, unbind, points. Of these a scan alone does nothing.
        actions: Vec<Action> = "", restart;
        /// How long a person has to confirm.
        life as "seconds": Duration = "120" in 1..=1800, restart;
    }
}

/// Actions separated by commas.
impl Text for Vec<Action> {
    const FORM: &'static str = "actions: token, renew, login, bind, unbind, points";
    const PLACEHOLDER: &'static str = "ACTION,…";
    const NOTATION: Notation = Notation::List;

    fn from_text(text: &str) -> Result<Self, String> {
        items(text)
            .map(|word| word.parse().map_err(|()| expected(Self::FORM, word)))
            .collect()
    }

    fn to_text(&self) -> Option<String> {
        let words: Vec<_> = self.iter().map(|action| action.word()).collect();
        Some(words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_words_with_commas() {
        let actions = Vec::<Action>::from_text("login, bind").unwrap();
        assert_eq!(actions, [Action::Login, Action::Bind]);
        assert_eq!(actions.to_text().as_deref(), Some("login,bind"));
        assert!(Vec::<Action>::from_text("").unwrap().is_empty());
        let fault = Vec::<Action>::from_text("login,fly").unwrap_err();
        assert!(fault.contains("`fly`"), "{fault}");
    }
}
