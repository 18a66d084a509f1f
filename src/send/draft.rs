//! What somebody wants to send, looked at before anything is done with it.

use sha2::{Digest, Sha256};

use crate::session::hex;

/// A title and a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// The title: one line of 1 to 256 characters.
    pub text: String,
    /// The text, Markdown; may be empty.
    pub desp: String,
}

/// Why something cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no title.
    #[error("the title is missing")]
    NoText,
    /// The title is longer than 256 characters.
    #[error("the title is too long")]
    TextTooLong,
}

/// Characters of a title.
const TEXT_CHARS: usize = 256;

impl Draft {
    /// Tidies what came: the title becomes one line, and no control characters are left but the line
    /// breaks and tabs of the text.
    ///
    /// # Errors
    /// [`Unfit`] for a title that is missing, empty or too long.
    pub fn new(text: &str, desp: &str) -> Result<Self, Unfit> {
        let text = text.replace(|c: char| c.is_control() || c.is_whitespace(), " ");
        let text = text.trim();
        if text.is_empty() {
            return Err(Unfit::NoText);
        }
        if text.chars().count() > TEXT_CHARS {
            return Err(Unfit::TextTooLong);
        }
        let stays = |c: char| !c.is_control() || c == '\n' || c == '\t';
        Ok(Self {
            text: text.to_owned(),
            desp: desp
                .replace("\r\n", "\n")
                .chars()
                .filter(|c| stays(*c))
                .collect(),
        })
    }

    /// The same for the same words of the same sender, and gives neither away.
    pub(super) fn fingerprint(&self, sender: &str) -> String {
        let parts = [sender, &self.text, &self.desp];
        // No part can hold the separator: it is a control character.
        hex(&Sha256::digest(parts.join("\u{1f}")))
    }
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draft(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line() {
        let draft = Draft::new(" a\r\n\u{7}b\t", "x\r\n\0y\tz").unwrap();
        assert_eq!(
            (draft.text.as_str(), draft.desp.as_str()),
            ("a   b", "x\ny\tz")
        );
    }

    #[test]
    fn a_title_has_1_to_256_characters() {
        assert_eq!(Draft::new(" \n\u{0}", "x"), Err(Unfit::NoText));
        assert!(Draft::new(&"汉".repeat(256), "").is_ok());
        assert_eq!(Draft::new(&"汉".repeat(257), ""), Err(Unfit::TextTooLong));
    }

    #[test]
    fn other_words_and_other_senders_are_another_message() {
        let of = |text: &str, desp: &str, sender: &str| {
            Draft::new(text, desp).unwrap().fingerprint(sender)
        };
        let one = of("a", "b", "s");
        assert_eq!(one, of("a ", "b", "s"));
        for other in [
            of("b", "b", "s"),
            of("a", "", "s"),
            of("ab", "", "s"),
            of("a", "b", "t"),
        ] {
            assert_ne!(one, other);
        }
    }
}
