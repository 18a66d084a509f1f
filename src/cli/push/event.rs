//! The line that an event travels on: what the flags say, then the JSON as it was written.

use serde_json::{Map, Value};
use thiserror::Error;

/// For whom an event is, as far as the flags say.
pub(super) struct Target {
    pub(super) uid: Option<u32>,
    pub(super) ticket: Option<String>,
}

impl Target {
    /// The line to send: the members of the flags, and then the object as it was written.
    pub(super) fn event(&self, json: &str) -> Result<String, EventError> {
        // A line break in JSON is a space: inside a string it would be escaped.
        let json = json.trim().replace(['\r', '\n'], " ");
        let members: Map<String, Value> =
            serde_json::from_str(&json).map_err(EventError::NotAnObject)?;
        let uid = self.uid.map(Value::from);
        let ticket = self.ticket.as_deref().map(Value::from);
        let mut event = String::from("{");
        for (name, value) in [("uid", uid), ("ticket", ticket)] {
            let Some(value) = value else { continue };
            if members.contains_key(name) {
                return Err(EventError::Twice(name));
            }
            event.push_str(&format!("\"{name}\":{value},"));
        }
        if !members.contains_key("reply") {
            event.push_str("\"reply\":\"verbose\",");
        }
        let rest = json
            .strip_prefix('{')
            .expect("a JSON object begins with a brace");
        if members.is_empty() {
            event.pop();
        }
        Ok(event + rest.trim_start())
    }
}

/// Why something is no event.
#[derive(Debug, Error)]
pub(in crate::cli) enum EventError {
    #[error("not a JSON object")]
    NotAnObject(#[source] serde_json::Error),
    #[error("{0} is given as a flag and in the JSON")]
    Twice(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_first_and_the_object_stays_as_written() {
        let target = Target {
            uid: Some(7),
            ticket: Some("g\"Q".to_owned()),
        };
        let head = r#"{"uid":7,"ticket":"g\"Q","reply":"verbose""#;
        assert_eq!(target.event("{}").unwrap(), format!("{head}}}"));
        assert_eq!(target.event("{ }").unwrap(), format!("{head}}}"));
        assert_eq!(
            target.event("{\n \"token\": 1.0}").unwrap(),
            format!("{head},\"token\": 1.0}}")
        );
        assert_eq!(
            target.event(r#"{"reply":"word","b":1}"#).unwrap(),
            r#"{"uid":7,"ticket":"g\"Q","reply":"word","b":1}"#
        );
    }

    #[test]
    fn what_is_no_event_is_not_sent() {
        let target = Target {
            uid: Some(7),
            ticket: None,
        };
        for wrong in ["", "[]", "7", "{", "{} {}"] {
            assert!(
                matches!(target.event(wrong), Err(EventError::NotAnObject(_))),
                "{wrong}"
            );
        }
        assert!(matches!(
            target.event(r#"{"uid":8}"#),
            Err(EventError::Twice("uid"))
        ));
    }
}
