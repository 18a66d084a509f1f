//! The members of a JSON object that the gateway reads; the others are skipped unseen.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Raw values, not yet interpreted: a member of the wrong type is not the same as broken JSON.
/// A JSON `null` counts as absent, as PHP's `isset` has it.
#[derive(Default)]
pub(super) struct Members<'a> {
    pub cmd: Option<&'a RawValue>,
    pub pong: Option<&'a RawValue>,
    pub uid: Option<&'a RawValue>,
    pub ticket: Option<&'a RawValue>,
    pub key: Option<&'a RawValue>,
    pub since: Option<&'a RawValue>,
    pub join: Option<&'a RawValue>,
    pub push_id: Option<&'a RawValue>,
    pub reply: Option<&'a RawValue>,
    pub auth: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while let Some(Name(name)) = map.next_key()? {
            let slot = match name.as_ref() {
                "cmd" => &mut members.cmd,
                "pong" => &mut members.pong,
                "uid" => &mut members.uid,
                "ticket" => &mut members.ticket,
                "key" => &mut members.key,
                "since" => &mut members.since,
                "join" => &mut members.join,
                "push_id" => &mut members.push_id,
                "reply" => &mut members.reply,
                "auth" => &mut members.auth,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value: &RawValue = map.next_value()?;
            *slot = (value.get() != "null").then_some(value);
        }
        Ok(members)
    }
}

/// A member's name, borrowed unless it is written with escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}
