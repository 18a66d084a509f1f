//! What comes in as JSON: a page's message (bind, ping, command), a backend's event.
//!
//! ```text
//! page     {"cmd":"ping"}   {"uid":1735536450,"ticket":"gQH4…","key":"…","since":""}
//! backend  {"uid":1735536450,"ticket":"gQH4…","token":"…"}
//! ```
//!
//! Unknown members are none of our business and travel on unchanged. Where a member comes
//! twice the last one counts, as in the original's `json_decode`.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::session::{EventId, Key, Ticket, Uid};

mod body;
mod members;

pub use body::Body;
use members::Members;

/// What a page says in one text frame.
#[derive(Debug, PartialEq, Eq)]
pub enum PageMessage {
    /// `{"cmd":"ping"}`, answered only if the page asks for it with `"pong":true`.
    Ping {
        /// Whether a `{"cmd":"pong"}` is wanted.
        pong: bool,
    },
    /// Any other `cmd`.
    Command,
    /// The page wants the events of a uid.
    Bind(Bind),
    /// Not JSON, not an object, or neither `cmd` nor a uid: ignored, as in the original.
    Ignored,
}

/// A page's claim to a uid.
#[derive(Debug, PartialEq, Eq)]
pub struct Bind {
    /// Which session.
    pub uid: Uid,
    /// None where it is missing or no ticket at all, which matches no session.
    pub ticket: Option<Ticket>,
    /// What the browser that asked for the code presents.
    pub key: Option<Key>,
    /// None for a page of the original's kind: live events only, byte for byte.
    pub since: Option<Since>,
    /// A signed claim to groups, not yet verified.
    pub join: Option<Box<str>>,
}

/// From where a page wants retained events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// `""`: all that is retained.
    Start,
    /// The newest event that the page has seen.
    After(EventId),
    /// An id that never was one of ours: the page gets everything, and is told of the gap.
    Unknown,
}

impl PageMessage {
    /// Reads one text frame.
    pub fn parse(text: &str) -> PageMessage {
        let Ok(members) = serde_json::from_str::<Members>(text) else {
            return PageMessage::Ignored;
        };
        if let Some(cmd) = members.cmd {
            return match string(cmd).as_deref() {
                Some("ping") => PageMessage::Ping {
                    pong: members.pong.is_some_and(|pong| pong.get() == "true"),
                },
                _ => PageMessage::Command,
            };
        }
        match members.uid.and_then(uid) {
            None => PageMessage::Ignored,
            Some(uid) => PageMessage::Bind(Bind {
                uid,
                ticket: members.ticket.and_then(ticket),
                key: members
                    .key
                    .and_then(string)
                    .and_then(|key| key.parse().ok()),
                since: members.since.and_then(string).map(since),
                join: members.join.and_then(string).map(Box::from),
            }),
        }
    }
}

/// A backend's JSON line on its way to a uid; travels unchanged from publisher to page.
#[derive(Debug, Clone)]
pub struct Event {
    /// To whom.
    pub uid: Uid,
    /// The publisher's proof.
    pub ticket: Ticket,
    /// The same id for the same uid is accepted once while the session lives.
    pub push_id: Option<PushId>,
    /// The JSON text, byte for byte, as the page gets it.
    pub text: Bytes,
    /// When the callback came of the scan that it tells of; None for every other event.
    pub scanned: Option<Instant>,
}

/// A name for one push, by which it is known when it comes again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PushId {
    /// A publisher's own: 1..=64 bytes.
    Of(Box<str>),
    /// One of the gateway's own events of a session, which no publisher can take.
    Own(&'static str),
}

impl PushId {
    /// The longest accepted, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// None where the text is empty or too long.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= Self::MAX_BYTES).then(|| Self::Of(text.into()))
    }
}

/// A push line, read.
#[derive(Debug)]
pub struct PushLine {
    /// What it publishes, or why it cannot.
    pub event: Result<Event, BadLine>,
    /// Whether the publisher asked for a JSON verdict with `"reply":"verbose"`.
    pub verbose: bool,
    /// The secret of a line `{"auth":"SECRET"}`.
    pub auth: Option<String>,
}

/// Why a push line is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLine {
    /// Not a JSON object, or not UTF-8.
    NotJson,
    /// No uid, or something that is none.
    NoUid,
    /// No ticket, or something that is none: it matches no session.
    NoTicket,
    /// A `push_id` over 64 bytes (or an empty one).
    BadPushId,
}

impl PushLine {
    /// Reads one line, without its line end.
    pub fn parse(line: Bytes) -> PushLine {
        let members = match std::str::from_utf8(&line).map(serde_json::from_str::<Members>) {
            Ok(Ok(members)) => members,
            _ => {
                return PushLine {
                    event: Err(BadLine::NotJson),
                    verbose: false,
                    auth: None,
                };
            }
        };
        let verbose = members.reply.and_then(string).as_deref() == Some("verbose");
        let auth = members.auth.and_then(string).map(Cow::into_owned);
        let head = head(&members);
        PushLine {
            event: head.map(|(uid, ticket, push_id)| Event {
                uid,
                ticket,
                push_id,
                text: line.clone(),
                scanned: None,
            }),
            verbose,
            auth,
        }
    }
}

/// The members that the gateway itself needs of an event.
fn head(members: &Members<'_>) -> Result<(Uid, Ticket, Option<PushId>), BadLine> {
    let uid = members.uid.and_then(uid).ok_or(BadLine::NoUid)?;
    let ticket = members.ticket.and_then(ticket).ok_or(BadLine::NoTicket)?;
    let push_id = match members.push_id {
        None => None,
        Some(raw) => Some(
            string(raw)
                .and_then(|text| PushId::new(&text))
                .ok_or(BadLine::BadPushId)?,
        ),
    };
    Ok((uid, ticket, push_id))
}

/// `text` with the event's id as the last member of the object, for a page that bound with `since`.
///
/// ```
/// let id = scangate::session::EventId { millis: 5, sequence: 0 };
/// let named = scangate::message::with_event_id(br#"{"uid":1} "#, id);
/// assert_eq!(named, br#"{"uid":1,"event_id":"5-0"} "#);
/// ```
pub fn with_event_id(text: &[u8], id: EventId) -> Vec<u8> {
    let end = text
        .iter()
        .rposition(|byte| *byte == b'}')
        .expect("an event is a JSON object");
    let mut named = Vec::with_capacity(text.len() + 48);
    named.extend_from_slice(&text[..end]);
    named.extend_from_slice(format!(r#","event_id":"{id}""#).as_bytes());
    named.extend_from_slice(&text[end..]);
    named
}

/// What a page is told when something that it said came to nothing.
///
/// ```
/// let text = scangate::message::complaint("busy", "Later.");
/// assert_eq!(text, br#"{"cmd":"error","code":"busy","message":"Later."}"#);
/// ```
pub fn complaint(code: &str, message: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Complaint<'a> {
        cmd: &'static str,
        code: &'a str,
        message: &'a str,
    }
    let complaint = Complaint {
        cmd: "error",
        code,
        message,
    };
    serde_json::to_vec(&complaint).expect("plain data")
}

/// A JSON integer, or a string of decimal digits: `123` and `"123"` are one uid.
fn uid(raw: &RawValue) -> Option<Uid> {
    match raw.get().as_bytes()[0] {
        b'"' => string(raw)?.parse().ok(),
        _ => raw.get().parse().ok(),
    }
}

fn ticket(raw: &RawValue) -> Option<Ticket> {
    Ticket::new(string(raw)?.into_owned())
}

fn since(text: Cow<'_, str>) -> Since {
    match text.as_ref() {
        "" => Since::Start,
        id => id.parse().map_or(Since::Unknown, Since::After),
    }
}

/// The string that a raw value is; None for every other type.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(text).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

#[cfg(test)]
mod tests;
