//! What is said to many: an event without uid and ticket, which the gateway puts in front for each.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Event, PushId};
use crate::session::{Ticket, Uid};

/// A JSON object that has neither a `uid` nor a `ticket` of its own; kept byte for byte.
#[derive(Debug, Clone)]
pub struct Body(Box<RawValue>);

impl Body {
    /// The event for one session: `{"uid":U,"ticket":"T",…}`, and then what is said.
    pub fn to(&self, uid: Uid, ticket: &Ticket, push_id: PushId) -> Event {
        let inner = self.0.get().strip_prefix('{');
        let inner = inner.and_then(|inner| inner.strip_suffix('}'));
        let inner = inner.expect("an object, without white space around").trim();
        let comma = if inner.is_empty() { "" } else { "," };
        let quoted = serde_json::to_string(ticket.expose()).expect("plain data");
        let text = format!(r#"{{"uid":{uid},"ticket":{quoted}{comma}{inner}}}"#);
        Event {
            uid,
            ticket: ticket.clone(),
            push_id: Some(push_id),
            text: Bytes::from(text),
            scanned: None,
        }
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let names: Names = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        if names.0.contains("uid") || names.0.contains("ticket") {
            return Err(D::Error::custom(
                "the event must not name uid or ticket, the gateway does",
            ));
        }
        Ok(Self(raw))
    }
}

/// The names of an object's members.
struct Names<'a>(HashSet<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Names<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;

        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut names = HashSet::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.insert(name);
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_map(NamesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Result<Body, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn uid_and_ticket_are_put_in_front() {
        let uid = "7".parse().unwrap();
        let ticket = Ticket::new("g\"Q").unwrap();
        for (said, event) in [
            ("{}", r#"{"uid":7,"ticket":"g\"Q"}"#),
            ("{ }", r#"{"uid":7,"ticket":"g\"Q"}"#),
            (r#"{"a": 1.50}"#, r#"{"uid":7,"ticket":"g\"Q","a": 1.50}"#),
            (
                r#" { "a":{"uid":1} } "#,
                r#"{"uid":7,"ticket":"g\"Q","a":{"uid":1}}"#,
            ),
        ] {
            let push_id = PushId::new("p").unwrap();
            let made = body(said).unwrap().to(uid, &ticket, push_id);
            assert_eq!(made.text, event);
        }
    }

    #[test]
    fn a_body_is_an_object_that_leaves_uid_and_ticket_to_the_gateway() {
        for bad in [
            "1",
            "[]",
            "null",
            r#"{"uid":1}"#,
            r#"{"a":1,"\u0075id":null}"#,
            r#"{"ticket":"x"}"#,
        ] {
            assert!(body(bad).is_err(), "{bad}");
        }
    }
}
