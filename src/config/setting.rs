//! What is known about a setting, and what a section of settings can do.

use super::reader::Reader;
use super::text::Notation;

/// What is known about one setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// `public.listen`: its section and key in the file.
    pub path: &'static str,
    /// Its doc comment, as written.
    pub doc: &'static str,
    /// What a value looks like: `ADDR:PORT`, `seconds`.
    pub form: &'static str,
    /// The word that stands for a value in the help: `PATH`.
    pub placeholder: &'static str,
    /// The text that stands for its default; none where it is unset unless given.
    pub default: Option<&'static str>,
    /// The least and the greatest number.
    pub range: Option<(f64, f64)>,
    /// How a value is written in TOML.
    pub notation: Notation,
    /// Whether it is never shown, nor taken from a flag.
    pub secret: bool,
    /// Whether a running node takes a new value on SIGHUP.
    pub reload: bool,
}

impl Setting {
    /// `public`
    pub fn section(&self) -> &'static str {
        self.split().0
    }

    /// `listen`
    pub fn key(&self) -> &'static str {
        self.split().1
    }

    /// `SCANGATE_PUBLIC_LISTEN`
    pub fn variable(&self) -> String {
        format!("SCANGATE_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// `public-listen`, without the dashes before it.
    pub fn flag(&self) -> String {
        self.path.replace(['.', '_'], "-")
    }

    /// The doc comment as one paragraph.
    pub fn meaning(&self) -> String {
        self.doc.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What a value looks like and where its limits are: `seconds, 1 to 60`.
    pub fn values(&self) -> String {
        match self.range {
            Some((low, high)) => format!("{}, {low} to {high}", self.form),
            None => self.form.to_owned(),
        }
    }

    fn split(&self) -> (&'static str, &'static str) {
        self.path
            .split_once('.')
            .expect("the macro joins section and key with a dot")
    }
}

/// A group of settings: `[public]`.
pub(super) trait Section: Sized {
    /// Its doc comment.
    const DOC: &'static str;
    /// Its settings, in the order of declaration.
    const SETTINGS: &'static [Setting];

    /// Takes its values from what was found; what is wrong or missing gets its default.
    fn read(reader: &mut Reader) -> Self;

    /// The values in effect as text, in the order of `SETTINGS`.
    fn texts(&self) -> Vec<Option<String>>;

    /// Takes over what can be reloaded, and tells what has changed.
    fn reload(&mut self, new: Self, changes: &mut Changes);
}

/// What differs between the configuration in effect and a newer one, by path.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) now: Vec<&'static str>,
    pub(super) restart: Vec<&'static str>,
}

impl Changes {
    /// Takes over one value if it can be reloaded.
    pub(super) fn take<T: PartialEq>(&mut self, setting: &Setting, old: &mut T, new: T) {
        if *old == new {
            return;
        }
        if setting.reload {
            *old = new;
            self.now.push(setting.path);
        } else {
            self.restart.push(setting.path);
        }
    }
}
