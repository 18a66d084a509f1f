//! From the texts that were found to values, gathering what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Fault;
use super::setting::Setting;
use super::source::Found;
use super::text::{Text, expected};

/// Turns the texts that were found into values, and gathers what is wrong with them.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) found: BTreeMap<&'static str, Found>,
    pub(super) faults: Vec<Fault>,
    wrong: BTreeSet<&'static str>,
}

impl Reader {
    /// A reader of what the sources gave, and of what was wrong there already.
    pub(super) fn new(found: BTreeMap<&'static str, Found>, faults: Vec<Fault>) -> Self {
        Self {
            found,
            faults,
            wrong: BTreeSet::new(),
        }
    }

    /// The value of one setting; `shape` looks at its text first, and may tidy it.
    pub(super) fn value<T: Text>(&mut self, setting: &'static Setting, shape: Shape) -> T {
        if let Some(found) = self.found.get(setting.path) {
            let text = found.text.as_deref().map_err(String::clone);
            match text.and_then(|text| parse(setting, shape, text)) {
                Ok(value) => return value,
                Err(message) => self.faults.push(Fault::new(&found.place, message)),
            }
            self.wrong.insert(setting.path);
        }
        match setting.default {
            Some(text) => parse(setting, shape, text).expect("a default is a valid value"),
            None => T::unset().expect("a setting without default is optional"),
        }
    }

    /// Whether all of these have the value that was given: only then is it fair to compare them.
    pub(super) fn all_right(&self, paths: &[&str]) -> bool {
        paths.iter().all(|path| !self.wrong.contains(path))
    }

    /// Where a setting got its value, or its path where it has its default.
    pub(super) fn place(&self, path: &str) -> String {
        let found = self.found.get(path);
        found.map_or_else(|| path.to_owned(), |found| found.place.clone())
    }
}

/// Looks at a text before it is read: returns it, tidied perhaps, or what is wrong with it.
pub(super) type Shape = fn(&str) -> Result<String, String>;

fn parse<T: Text>(setting: &Setting, shape: Shape, text: &str) -> Result<T, String> {
    let text = if T::SECRET { text } else { text.trim() };
    let value = if text.is_empty() {
        T::from_text(text)?
    } else {
        T::from_text(&shape(text)?)?
    };
    match (setting.range, value.number()) {
        (Some((low, high)), Some(number)) if number < low || number > high => {
            Err(expected(&format!("{} from {low} to {high}", T::FORM), text))
        }
        _ => Ok(value),
    }
}
