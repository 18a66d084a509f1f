//! A moment as a span of OpenTelemetry, in the JSON of OTLP 1. Source:
//! `opentelemetry/proto/trace/v1/trace.proto`, and "JSON Protobuf Encoding" in the specification of OTLP.
//!
//! A session is one trace. Its number, and those of spans that others hang from, follow from the uid and
//! the event's id, so that nodes agree on them without telling each other.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Note;
use super::moment::{Id, Moment};
use crate::random;
use crate::session::{EventId, Uid, hex};

/// What `kind` of a span means.
mod kind {
    pub const INTERNAL: u8 = 1;
    pub const SERVER: u8 = 2;
    pub const PRODUCER: u8 = 4;
    pub const CONSUMER: u8 = 5;
}
/// The `code` of a status that is an error.
const ERROR: u8 = 2;

/// The body of an export: what this node noted. Its clock is so many milliseconds behind the broker's.
pub(super) fn export(notes: &[Note], node: &str, behind_millis: i64) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let spans: Vec<Value> = notes.iter().map(|note| span(note, behind_millis)).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            attribute("service.name", &json!("scangate")),
            attribute("service.version", &json!(version)),
            attribute("service.instance.id", &json!(node)),
        ]},
        "scopeSpans": [{"scope": {"name": "scangate", "version": version}, "spans": spans}],
    }]})
}

fn span(note: &Note, behind_millis: i64) -> Value {
    let (uid, moment) = (note.uid, &note.moment);
    let fields = serde_json::to_value(moment).expect("plain data");
    let fields = fields.as_object().expect("moments are objects");
    let name = &fields["moment"];
    let attributes: Vec<Value> = fields
        .iter()
        .filter(|(field, _)| *field != "moment")
        .map(|(field, value)| attribute(&format!("scangate.{field}"), value))
        .chain([attribute("scangate.uid", &json!(uid.get()))])
        .collect();
    let start = shifted(note.at, behind_millis);
    let end = start + Duration::from_secs_f64(note.ms / 1000.0);
    let mut span = json!({
        "traceId": trace_id(uid),
        "spanId": span_id(uid, moment),
        "name": name,
        "kind": kind(moment),
        "startTimeUnixNano": start.as_nanos().to_string(),
        "endTimeUnixNano": end.as_nanos().to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = parent_id(uid, moment) {
        span["parentSpanId"] = json!(parent);
    }
    if failed(moment) {
        span["status"] = json!({"code": ERROR});
    }
    span
}

fn trace_id(uid: Uid) -> String {
    digest(&format!("trace {uid}"), 16)
}

fn session_span(uid: Uid) -> String {
    digest(&format!("session {uid}"), 8)
}

fn event_span(uid: Uid, event: EventId) -> String {
    digest(&format!("event {uid} {event}"), 8)
}

fn digest(text: &str, size_bytes: usize) -> String {
    hex(&Sha256::digest(text)[..size_bytes])
}

fn span_id(uid: Uid, moment: &Moment) -> String {
    match moment {
        Moment::Issued { renewed: false, .. } => session_span(uid),
        Moment::Published {
            event: Some(Id(event)),
            ..
        } => event_span(uid, *event),
        _ => hex(&random::bytes::<8>()),
    }
}

/// What is written hangs from its event, and all else from the session.
fn parent_id(uid: Uid, moment: &Moment) -> Option<String> {
    match moment {
        Moment::Issued { renewed: false, .. } => None,
        Moment::Written {
            event: Id(event), ..
        } => Some(event_span(uid, *event)),
        _ => Some(session_span(uid)),
    }
}

fn kind(moment: &Moment) -> u8 {
    match moment {
        Moment::Scanned { .. } => kind::SERVER,
        Moment::Published { .. } => kind::PRODUCER,
        Moment::Written { .. } => kind::CONSUMER,
        _ => kind::INTERNAL,
    }
}

fn failed(moment: &Moment) -> bool {
    match moment {
        Moment::Published { result, .. } => result == "fail" || result == "unknown",
        Moment::Scanned { result } | Moment::Settled { result, .. } => result == "failed",
        _ => false,
    }
}

fn attribute(key: &str, value: &Value) -> Value {
    let value = match value {
        Value::Bool(is) => json!({"boolValue": is}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        // Whole numbers of 64 bits are texts in the JSON of protobuf.
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::String(text) => json!({"stringValue": text}),
        other => json!({"stringValue": other.to_string()}),
    };
    json!({"key": key, "value": value})
}

fn shifted(at: Duration, millis: i64) -> Duration {
    let by = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        at.saturating_sub(by)
    } else {
        at + by
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(moment: Moment) -> Note {
        Note {
            uid: "4711".parse().unwrap(),
            at: Duration::from_millis(1_795_383_429_044),
            ms: 0.25,
            moment,
        }
    }

    #[test]
    fn what_is_written_hangs_from_its_event_and_that_from_its_session() {
        let event = Id("1795383429044-0".parse().unwrap());
        let moments = [
            Moment::Issued {
                action: Some("token".into()),
                seconds: 120,
                renewed: false,
            },
            Moment::Published {
                event: Some(event),
                door: "push".into(),
                result: "ok".into(),
                reason: None,
                nodes: 1,
                scanned: None,
            },
            Moment::Written {
                event,
                scan_ms: Some(1.5),
            },
            Moment::Published {
                event: None,
                door: "push".into(),
                result: "fail".into(),
                reason: Some("ticket_mismatch".into()),
                nodes: 0,
                scanned: None,
            },
        ];
        let notes = moments.map(note);
        let body = export(&notes, "host:2129", -3);
        let resource = &body["resourceSpans"][0];
        let instance = json!({"key": "service.instance.id", "value": {"stringValue": "host:2129"}});
        assert_eq!(resource["resource"]["attributes"][2], instance);
        let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
        let [issued, published, written, refused] = &spans[..] else {
            panic!("{spans:#?}");
        };
        assert_eq!(issued["name"], "issued");
        assert_eq!(issued["traceId"].as_str().unwrap().len(), 32);
        assert_eq!(issued["spanId"].as_str().unwrap().len(), 16);
        assert_eq!(issued.get("parentSpanId"), None);
        assert_eq!(issued["startTimeUnixNano"], "1795383429041000000");
        assert_eq!(issued["endTimeUnixNano"], "1795383429041250000");
        for (span, parent) in [(published, issued), (written, published), (refused, issued)] {
            assert_eq!(span["traceId"], issued["traceId"]);
            assert_eq!(span["parentSpanId"], parent["spanId"]);
            assert_ne!(span["spanId"], parent["spanId"]);
        }
        assert_eq!(
            (published.get("status"), &refused["status"]["code"]),
            (None, &json!(2))
        );
        let attributes = written["attributes"].as_array().unwrap();
        for expected in [
            json!({"key": "scangate.event", "value": {"stringValue": "1795383429044-0"}}),
            json!({"key": "scangate.scan_ms", "value": {"doubleValue": 1.5}}),
            json!({"key": "scangate.uid", "value": {"intValue": "4711"}}),
        ] {
            assert!(attributes.contains(&expected), "{attributes:#?}");
        }
    }
}
