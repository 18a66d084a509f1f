//! JSON from pages and backends, against a second reading of it by `serde_json::Value`.

use std::fmt;

use bytes::Bytes;
use scangate::message::{BadLine, Bind, Event, PageMessage, PushLine, Since, with_event_id};
use scangate::session::{EventId, Ticket};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// One text frame of a page.
pub fn bind(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let message = PageMessage::parse(text);
    if let Some(value) = second_reading(data) {
        assert_eq!(message, page_message(&value), "{text}");
    }
}

/// One line of a backend.
pub fn push_line(data: &[u8]) {
    let line = PushLine::parse(Bytes::copy_from_slice(data));
    if let Ok(event) = &line.event {
        assert_eq!(event.text, data, "an event keeps its bytes");
        takes_an_id(event);
    }
    let head = line.event.as_ref().map(|event| {
        let push_id = event.push_id.as_ref();
        (event.uid.get(), event.ticket.clone(), push_id.cloned())
    });
    if let Some(value) = second_reading(data) {
        let read = value
            .as_object()
            .map_or(Err(BadLine::NotJson), |_| event(&value));
        assert_eq!(head.map_err(|bad| *bad), read, "{value}");
        assert_eq!(
            line.verbose,
            member(&value, "reply") == Some(&Value::from("verbose"))
        );
        assert_eq!(
            line.auth.as_deref(),
            member(&value, "auth").and_then(Value::as_str)
        );
    }
}

/// None where `Value` is stricter than JSON, or where it is no JSON at all.
///
/// `Value` refuses numbers that no `f64` holds, deep nesting and lone surrogates, also in members
/// that are none of the gateway's business.
fn second_reading(data: &[u8]) -> Option<Value> {
    // serde_json gives a name of its own a meaning of its own.
    let is_plain = !data.windows(11).any(|part| part == b"$serde_json");
    is_plain.then(|| serde_json::from_slice(data).ok())?
}

fn page_message(value: &Value) -> PageMessage {
    if let Some(cmd) = member(value, "cmd") {
        return match cmd.as_str() {
            Some("ping") => PageMessage::Ping {
                pong: member(value, "pong") == Some(&Value::Bool(true)),
            },
            _ => PageMessage::Command,
        };
    }
    let Some(uid) = uid(value) else {
        return PageMessage::Ignored;
    };
    let text = |name| member(value, name).and_then(Value::as_str);
    PageMessage::Bind(Bind {
        uid: uid.to_string().parse().expect("a uid is a uid"),
        ticket: text("ticket").and_then(Ticket::new),
        key: text("key").and_then(|key| key.parse().ok()),
        since: text("since").map(|since| match since {
            "" => Since::Start,
            id => id.parse().map_or(Since::Unknown, Since::After),
        }),
        join: text("join").map(Box::from),
    })
}

type Head = (u32, Ticket, Option<scangate::message::PushId>);

fn event(value: &Value) -> Result<Head, BadLine> {
    let uid = uid(value).ok_or(BadLine::NoUid)?;
    let ticket = member(value, "ticket").and_then(Value::as_str);
    let ticket = ticket.and_then(Ticket::new).ok_or(BadLine::NoTicket)?;
    let push_id = match member(value, "push_id") {
        None => None,
        Some(id) => {
            let id = id.as_str().filter(|id| (1..=64).contains(&id.len()));
            let id = id.ok_or(BadLine::BadPushId)?;
            Some(scangate::message::PushId::Of(id.into()))
        }
    };
    Ok((uid, ticket, push_id))
}

/// `null` counts as absent.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).filter(|member| !member.is_null())
}

/// A whole number in 1..=4294967295, or the same as a string that says it as we would.
fn uid(value: &Value) -> Option<u32> {
    let number = match member(value, "uid")? {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        Value::String(digits) => {
            let number: u32 = digits.parse().ok()?;
            (number.to_string() == *digits).then_some(number)?
        }
        _ => return None,
    };
    (number > 0).then_some(number)
}

/// With an id an event is what it was, and the id is its last member.
fn takes_an_id(event: &Event) {
    let id = EventId {
        millis: 1_735_536_450_000,
        sequence: 1,
    };
    let mut expected = members(&event.text);
    expected.push(("event_id".to_owned(), format!("\"{id}\"")));
    assert_eq!(members(&with_event_id(&event.text, id)), expected);
}

/// The members of an object with their values' text, in their order.
fn members(json: &[u8]) -> Vec<(String, String)> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                members.push((name, value.get().to_owned()));
            }
            Ok(members)
        }
    }

    let mut reader = serde_json::Deserializer::from_slice(json);
    let members = reader.deserialize_map(InOrder).expect("an event is JSON");
    reader.end().expect("and nothing but JSON");
    members
}
