//! The card that a person sees: the fields of the operator's template, each under the platform's
//! limits, and the link to the message's page.
//!
//! ```text
//! {"touser":"o…","template_id":"…","url":"https://…/m/…","client_msg_id":"…",
//!  "data":{"thing1":{"value":"Backup done"},"time2":{"value":"2026-11-22 20:35"}}}
//! ```
//!
//! Source: the platform's page 模板消息, and its rules of May 2023: no field over 20 characters, no
//! line breaks; `character_string` 32 characters of ASCII.

use serde_json::{Map, Value, json};

use super::Message;
use crate::clock;
use crate::config;
use crate::markdown;

/// What is posted to the platform. The same `id` to the same person is delivered once within some
/// ten minutes.
pub(super) fn card(template: &str, rules: &config::Send, id: &str, message: &Message) -> Value {
    let when = clock::local_minute(message.since, rules.utc_offset);
    let body = markdown::words(&message.desp, 64);
    let fields = [
        (Some(&rules.title_field), message.text.as_str()),
        (rules.body_field.as_ref(), body.as_str()),
        (rules.time_field.as_ref(), when.as_str()),
    ];
    let mut data = Map::new();
    for (name, value) in fields {
        if let Some(name) = name {
            data.insert(name.clone(), json!({ "value": fitted(name, value) }));
        }
    }
    json!({
        "touser": message.openid,
        "template_id": template,
        "url": message.url,
        "client_msg_id": id,
        "data": data,
    })
}

/// As much of a text as its field can show; the platform would cut without a sign that it did.
fn fitted(field: &str, text: &str) -> String {
    let (most, text) = if field.starts_with("character_string") {
        let ascii = |c: char| if c.is_ascii() { c } else { '?' };
        (32, text.chars().map(ascii).collect())
    } else {
        (20, text.to_owned())
    };
    let fits = text.chars().count() <= most;
    match (text.is_empty(), fits) {
        // An empty field is refused.
        (true, _) => "-".to_owned(),
        (_, true) => text,
        (_, false) if most == 32 => text.chars().take(29).chain("...".chars()).collect(),
        (_, false) => text.chars().take(19).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_fits() {
        for (field, text, shown) in [
            ("thing1", "汉".repeat(20), "汉".repeat(20)),
            ("thing1", "汉".repeat(21), "汉".repeat(19) + "…"),
            ("thing1", String::new(), "-".to_owned()),
            ("character_string1", "a汉".to_owned(), "a?".to_owned()),
            ("character_string1", "x".repeat(33), "x".repeat(29) + "..."),
            ("keyword1", "x".repeat(32), "x".repeat(19) + "…"),
        ] {
            assert_eq!(fitted(field, &text), shown, "{field} {text}");
        }
    }
}
