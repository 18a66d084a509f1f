//! Where values come from: the file, then the environment, then flags; a later one wins.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, suggestion};
use super::setting::Setting;

/// Everything a configuration is read from, as values: reading it touches no file and no environment.
pub struct Inputs<'a> {
    /// The TOML file, where there is one.
    pub file: Option<File<'a>>,
    /// The environment, or as much of it as begins with `SCANGATE_`; the rest is ignored.
    pub variables: Vec<(String, String)>,
    /// Flags with their values, without dashes: `("public-listen", "0.0.0.0:80")`.
    pub flags: Vec<(String, String)>,
    /// Reads the file that a `…_FILE` variable of a secret names.
    pub secret_file: &'a dyn Fn(&Path) -> io::Result<String>,
}

impl Inputs<'_> {
    /// Nothing given: everything has its default.
    pub fn none() -> Self {
        Self {
            file: None,
            variables: Vec::new(),
            flags: Vec::new(),
            secret_file: &|_| Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.variables.iter();
        variables
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    }

    /// The secret in a file, without the newline at its end.
    fn secret(&self, path: &str) -> Result<String, String> {
        (self.secret_file)(Path::new(path))
            .map(|content| content.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| format!("could not read {path}: {error}"))
    }
}

/// A configuration file that was read already.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its name, as messages shall show it.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// The text of a setting, or why there is none, and the place where it stands.
pub(super) struct Found {
    pub(super) text: Result<String, String>,
    pub(super) place: String,
}

/// What all sources together say.
pub(super) struct Gathered {
    pub(super) found: BTreeMap<&'static str, Found>,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
    /// Whether the file is TOML at all; if not, what is missing in it means nothing.
    pub(super) readable: bool,
}

impl Gathered {
    /// Collects the texts of `settings`; names that none of them has are faults.
    pub(super) fn from(inputs: &Inputs<'_>, settings: &[&'static Setting]) -> Self {
        let mut gathered = Self {
            found: BTreeMap::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
            readable: true,
        };
        if let Some(file) = inputs.file {
            gathered.file(file, settings);
        }
        for (name, text) in &inputs.variables {
            gathered.variable(name, text, inputs, settings);
        }
        for (name, text) in &inputs.flags {
            gathered.flag(name, text, settings);
        }
        gathered
    }

    fn file(&mut self, file: File<'_>, settings: &[&'static Setting]) {
        let place = |at: usize| {
            let line = file.text[..at].matches('\n').count() + 1;
            format!("{}:{line}", file.name)
        };
        let (document, errors) = DeTable::parse_recoverable(file.text);
        self.readable = errors.is_empty();
        for error in errors {
            // Only the message: the error's own text would quote the line, which may hold a secret.
            let at = error.span().map_or(0, |span| span.start);
            self.fault(place(at), format!("not TOML: {}", error.message()));
        }
        for (section, content) in document.get_ref() {
            let section_place = place(section.span().start);
            let section = section.get_ref().as_ref();
            if !settings.iter().any(|known| known.section() == section) {
                let names = settings
                    .iter()
                    .map(|known| format!("[{}]", known.section()));
                let hint = suggestion(&format!("[{section}]"), names);
                self.fault(section_place, format!("unknown section [{section}]{hint}"));
                continue;
            }
            let DeValue::Table(keys) = content.get_ref() else {
                self.fault(section_place, format!("expected a section [{section}]"));
                continue;
            };
            for (key, value) in keys {
                let place = place(key.span().start);
                let path = format!("{section}.{}", key.get_ref());
                let Some(setting) = settings.iter().find(|known| known.path == path) else {
                    let hint = suggestion(&path, settings.iter().map(|known| known.path));
                    self.fault(place, format!("unknown setting {path}{hint}"));
                    continue;
                };
                let text = text_of(value.get_ref())
                    .ok_or_else(|| format!("expected {}, found a table", setting.form));
                self.take(setting, text, place);
            }
        }
    }

    fn variable(
        &mut self,
        name: &str,
        text: &str,
        inputs: &Inputs<'_>,
        settings: &[&'static Setting],
    ) {
        if !name.starts_with("SCANGATE_") || name == "SCANGATE_CONFIG" {
            return;
        }
        for setting in settings {
            let variable = setting.variable();
            let file = format!("{variable}_FILE");
            if name == variable {
                // With its file given too, neither counts: see below.
                if !setting.secret || inputs.variable(&file).is_none() {
                    self.take(setting, Ok(text.to_owned()), name);
                }
                return;
            }
            if setting.secret && name == file {
                let secret = match inputs.variable(&variable) {
                    Some(_) => Err(format!("{variable} is set too; only one of them can count")),
                    None => inputs.secret(text),
                };
                self.take(setting, secret, name);
                return;
            }
        }
        let hint = suggestion(name, settings.iter().map(|known| known.variable()));
        let message = format!("unknown variable, ignored{hint}");
        self.warnings.push(Fault::new(name, message));
    }

    fn flag(&mut self, name: &str, text: &str, settings: &[&'static Setting]) {
        let place = format!("--{name}");
        let Some(setting) = settings.iter().find(|known| known.flag() == name) else {
            let names = settings.iter().filter(|known| !known.secret);
            let hint = suggestion(&place, names.map(|known| format!("--{}", known.flag())));
            self.fault(place, format!("unknown flag{hint}"));
            return;
        };
        let text = if setting.secret {
            let variable = setting.variable();
            Err(format!(
                "a secret cannot be a flag, which others on this machine can see; \
                 use {variable} or {variable}_FILE"
            ))
        } else {
            Ok(text.to_owned())
        };
        self.take(setting, text, place);
    }

    fn take(&mut self, setting: &Setting, text: Result<String, String>, place: impl Into<String>) {
        let place = place.into();
        self.found.insert(setting.path, Found { text, place });
    }

    fn fault(&mut self, place: impl Into<String>, message: String) {
        self.faults.push(Fault::new(place, message));
    }
}

/// A TOML value as the text that a variable would have; none for a table.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()),
        ),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(values) => {
            let items: Option<Vec<String>> =
                values.iter().map(|item| text_of(item.get_ref())).collect();
            items.map(|items| items.join(","))
        }
        DeValue::Table(_) => None,
    }
}
