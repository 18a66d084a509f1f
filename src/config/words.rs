//! A list of words of the operator's own.

use super::text::{Notation, Text, items};

/// Words, compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Whether what somebody wrote is one of them.
    pub fn name(&self, written: &str) -> bool {
        let written = written.trim().to_lowercase();
        self.0.iter().any(|word| word.to_lowercase() == written)
    }
}

impl Text for Words {
    const FORM: &'static str = "words";
    const PLACEHOLDER: &'static str = "WORD,…";
    const NOTATION: Notation = Notation::List;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self(items(text).map(str::to_owned).collect()))
    }

    fn to_text(&self) -> Option<String> {
        Some(self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case() {
        let words = Words::from_text("renew, 新Token").unwrap();
        for written in ["renew", " Renew\n", "新token", "新TOKEN"] {
            assert!(words.name(written), "{written}");
        }
        for written in ["", "renew it", "renew,"] {
            assert!(!words.name(written), "{written}");
        }
        assert!(!Words::from_text("").unwrap().name(""), "no word is none");
    }
}
