//! What can be wrong with a configuration, and how it is said: always where, and what was expected.

use std::fmt;

use thiserror::Error;

/// One thing that is wrong, or only strange.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{place}: {message}")]
pub struct Fault {
    /// Where it stands: `scangate.toml:12`, `SCANGATE_PUSH_LISTEN`, `--push-listen`.
    pub place: String,
    /// What was expected there.
    pub message: String,
}

impl Fault {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

/// Everything that is wrong with a configuration, shown one fault a line.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct Faults {
    /// What must be corrected; never empty.
    pub faults: Vec<Fault>,
    /// What is only strange, such as an unknown variable.
    pub warnings: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// `; did you mean NAME?` where one of `names` is near `wrong`, else nothing.
pub(super) fn suggestion<N: AsRef<str>>(wrong: &str, names: impl Iterator<Item = N>) -> String {
    let tolerance = (wrong.len() / 3).max(2);
    names
        .map(|name| (strsim::damerau_levenshtein(wrong, name.as_ref()), name))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| format!("; did you mean {}?", name.as_ref()))
        .unwrap_or_default()
}
