//! The configuration as people read it: a commented TOML document, and the table of the manual.

use super::text::items;
use super::{Config, Notation, Reading, Setting};

impl Reading {
    /// Every setting with its meaning and the value in effect, as a TOML document that can be
    /// read again; secrets are shown as `…`, and out of action like all that is unset.
    pub fn to_toml(&self) -> String {
        let mut texts = self.config.texts().into_iter();
        let mut page = String::new();
        for (about, settings) in Config::tables() {
            let section = settings[0].section();
            page.push_str(&comment(&paragraph(about)));
            page.push_str(&format!("[{section}]\n"));
            for (setting, text) in settings.iter().zip(&mut texts) {
                page.push('\n');
                page.push_str(&comment(&setting.meaning()));
                page.push_str(&comment(&values(setting)));
                page.push_str(&comment(&spellings(setting)));
                page.push_str(&line(setting, text, self.places.get(setting.path)));
            }
            page.push_str("\n\n");
        }
        page.truncate(page.trim_end().len());
        page.push('\n');
        page
    }
}

/// `listen = "0.0.0.0:2129"  # from SCANGATE_PUBLIC_LISTEN`
fn line(setting: &Setting, text: Option<String>, place: Option<&String>) -> String {
    let dead = if text.is_none() || setting.secret {
        "# "
    } else {
        ""
    };
    let value = match &text {
        Some(text) => notation(setting, text),
        None => String::from("(unset)"),
    };
    let from = place
        .map(|place| format!("  # from {place}"))
        .unwrap_or_default();
    format!("{dead}{} = {value}{from}\n", setting.key())
}

/// The value in TOML.
fn notation(setting: &Setting, text: &str) -> String {
    // A JSON string is a TOML string but for DEL, which TOML wants escaped.
    let quoted = |text: &str| {
        let json = serde_json::Value::from(text).to_string();
        json.replace('\u{7f}', "\\u007f")
    };
    match setting.notation {
        Notation::Bare | Notation::Switch => text.to_owned(),
        Notation::Quoted => quoted(text),
        Notation::List => {
            let items: Vec<String> = items(text).map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

/// `Takes seconds, 1 to 60; 2 by default; SIGHUP reloads it.`
fn values(setting: &Setting) -> String {
    let default = match setting.default {
        Some("") => "none",
        Some(default) => default,
        None => "unset",
    };
    let reload = if setting.reload {
        "; SIGHUP reloads it"
    } else {
        ""
    };
    format!("Takes {}; {default} by default{reload}.", setting.values())
}

/// `SCANGATE_PUBLIC_LISTEN, --public-listen`; a secret has no flag.
fn spellings(setting: &Setting) -> String {
    let variable = setting.variable();
    if setting.secret {
        format!("{variable}, {variable}_FILE")
    } else {
        format!("{variable}, --{}", setting.flag())
    }
}

/// Text as comment lines that fit a screen.
fn comment(text: &str) -> String {
    let lines = wrapped(text, 94).into_iter();
    lines.map(|line| format!("# {line}\n")).collect()
}

/// Text in lines of at most so many columns, broken between words.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn paragraph(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Config {
    /// The tables of the manual, `docs/configuration.md`.
    pub fn to_markdown() -> String {
        let mut page = String::new();
        for (about, settings) in Self::tables() {
            let section = settings[0].section();
            page.push_str(&format!("\n## [{section}]\n\n{}\n\n", paragraph(about)));
            page.push_str("| key | meaning | values | default | variable | SIGHUP |\n");
            page.push_str("|---|---|---|---|---|---|\n");
            for setting in settings {
                let default = setting.default.filter(|default| !default.is_empty());
                page.push_str(&format!(
                    "| `{}` | {} | {} | {} | `{}` | {} |\n",
                    setting.key(),
                    setting.meaning(),
                    setting.values(),
                    default
                        .map(|default| format!("`{default}`"))
                        .unwrap_or_default(),
                    setting.variable(),
                    if setting.reload { "reloads" } else { "" },
                ));
            }
        }
        page
    }
}
