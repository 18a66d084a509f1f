//! What a callback says: somebody scanned a code, followed, left, wrote; or a template message arrived.
//!
//! ```text
//! <xml><ToUserName>gh_…</ToUserName><FromUserName>o…</FromUserName><CreateTime>1714037059</CreateTime>
//! <MsgType>event</MsgType><Event>SCAN</Event><EventKey>123</EventKey><Ticket>gQ…</Ticket></xml>
//! ```
//!
//! Source: the platform's pages 接收普通消息 and 接收事件推送.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::wechat::openid::OpenId;
use crate::wechat::signature::hex;
use crate::wechat::xml::{self, Fields, XmlError};

/// What the platform puts before the scene when the scan made the person follow.
const SCENE_PREFIX: &str = "qrscene_";

/// One verified callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The account it is addressed to: its original id, `gh_` and 12 hex digits.
    pub to: String,
    /// The person.
    pub from: OpenId,
    /// When it happened, unix seconds, by the platform's clock.
    pub create_time: u64,
    /// What happened.
    pub kind: Kind,
    dedup_key: String,
}

/// What happened.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// The person wrote a text.
    Text {
        /// What they wrote.
        content: String,
        /// Its number; missing only in what the platform would not send.
        msg_id: Option<u64>,
    },
    /// The person sent something else: an image, a voice, a place…
    Message {
        /// `MsgType`, as it came.
        msg_type: String,
        /// Its number.
        msg_id: Option<u64>,
    },
    /// The person scanned a code with a scene.
    Scan {
        /// The scene, always text: `0123` is not `123`.
        scene: String,
        /// The ticket of the code, where the platform gave it.
        ticket: Option<String>,
        /// Whether the scan also made the person follow (the `subscribe` form).
        subscribed: bool,
    },
    /// The person followed the account without a code of ours.
    Subscribe,
    /// The person left.
    Unsubscribe,
    /// What became of a template message.
    TemplateJob {
        /// The `msgid` that the sending call returned.
        msg_id: u64,
        /// Whether it arrived.
        status: JobStatus,
    },
    /// Any other event: a menu, a location, one that did not exist when this was written. No effect.
    OtherEvent {
        /// `Event`, as it came.
        event: String,
    },
}

/// What became of a template message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// `success`: delivered.
    Delivered,
    /// `failed:user block`: the person refuses it.
    Blocked,
    /// `failed: system failed`, or any other word.
    Failed,
}

/// Why a callback body is not a push.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Not a document of the platform's.
    #[error("the body is not the platform's XML")]
    Xml(#[from] XmlError),
    /// A field that every push has is missing or empty.
    #[error("the field {0} is missing")]
    MissingField(&'static str),
    /// A number is not one.
    #[error("the field {0} is not a number")]
    BadField(&'static str),
}

impl Push {
    /// Reads a plaintext body, one that needed no decryption or has been through it.
    ///
    /// # Errors
    /// [`PushError`] for bad XML and for missing or impossible header fields.
    pub fn parse(body: &[u8]) -> Result<Push, PushError> {
        let fields = xml::fields(body)?;
        let to = required(&fields, "ToUserName")?;
        let from = required(&fields, "FromUserName")?;
        let create_time = required(&fields, "CreateTime")?;
        let msg_type = required(&fields, "MsgType")?;
        let kind = if msg_type.eq_ignore_ascii_case("event") {
            Kind::of_event(required(&fields, "Event")?, &fields)?
        } else {
            Kind::of_message(msg_type, &fields)
        };
        Ok(Push {
            to: to.to_owned(),
            from: OpenId::new(from),
            create_time: decimal(create_time).ok_or(PushError::BadField("CreateTime"))?,
            dedup_key: dedup_key(&fields, &kind),
            kind,
        })
    }

    /// What the platform's repetitions of one push have in common: 64 hex digits that give nobody away.
    ///
    /// A message is known by its `MsgId`, an event by person, second, event, key and `MsgID`: the documented person
    /// and second alone would fold a scan and a template report of the same second into one.
    pub fn dedup_key(&self) -> &str {
        &self.dedup_key
    }
}

impl Kind {
    /// The kind as a word for logs and metric labels.
    pub fn label(&self) -> &'static str {
        match self {
            Kind::Text { .. } => "text",
            Kind::Message { .. } => "message",
            Kind::Scan { .. } => "scan",
            Kind::Subscribe => "subscribe",
            Kind::Unsubscribe => "unsubscribe",
            Kind::TemplateJob { .. } => "template_job",
            Kind::OtherEvent { .. } => "other_event",
        }
    }

    fn of_message(msg_type: &str, fields: &Fields) -> Kind {
        let msg_id = fields.get("MsgId").and_then(decimal);
        if msg_type.eq_ignore_ascii_case("text") {
            let content = fields.get("Content").unwrap_or_default().to_owned();
            return Kind::Text { content, msg_id };
        }
        let msg_type = msg_type.to_owned();
        Kind::Message { msg_type, msg_id }
    }

    /// Events are documented in mixed case and observed in lower case.
    fn of_event(event: &str, fields: &Fields) -> Result<Kind, PushError> {
        let key = fields.get("EventKey").unwrap_or_default();
        Ok(match event.to_ascii_lowercase().as_str() {
            "scan" if !key.is_empty() => Kind::scan(key, fields, false),
            "subscribe" => match key.strip_prefix(SCENE_PREFIX) {
                Some(scene) if !scene.is_empty() => Kind::scan(scene, fields, true),
                // Empty, or of another origin: `last_trade_no_…` after a payment, for one.
                _ => Kind::Subscribe,
            },
            "unsubscribe" => Kind::Unsubscribe,
            "templatesendjobfinish" => Kind::TemplateJob {
                msg_id: decimal(required(fields, "MsgID")?).ok_or(PushError::BadField("MsgID"))?,
                status: JobStatus::of(fields.get("Status").unwrap_or_default()),
            },
            _ => Kind::OtherEvent {
                event: event.to_owned(),
            },
        })
    }

    fn scan(scene: &str, fields: &Fields, subscribed: bool) -> Kind {
        let ticket = fields.get("Ticket").filter(|ticket| !ticket.is_empty());
        Kind::Scan {
            scene: scene.to_owned(),
            ticket: ticket.map(str::to_owned),
            subscribed,
        }
    }
}

impl fmt::Debug for Kind {
    /// The label alone: texts, scenes and tickets stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl JobStatus {
    fn of(status: &str) -> JobStatus {
        // A space after the colon comes and goes.
        let reason = status.strip_prefix("failed:").map(str::trim);
        match (status, reason) {
            ("success", _) => JobStatus::Delivered,
            (_, Some("user block")) => JobStatus::Blocked,
            _ => JobStatus::Failed,
        }
    }
}

fn required<'f>(fields: &'f Fields, name: &'static str) -> Result<&'f str, PushError> {
    fields
        .get(name)
        .filter(|text| !text.is_empty())
        .ok_or(PushError::MissingField(name))
}

/// A number of decimal digits alone: `u64::from_str` would also take a `+`.
fn decimal(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn dedup_key(fields: &Fields, kind: &Kind) -> String {
    let field = |name| fields.get(name).unwrap_or_default();
    let message = match kind {
        Kind::Text { msg_id, .. } | Kind::Message { msg_id, .. } => *msg_id,
        _ => None,
    };
    let parts = match message {
        Some(msg_id) => vec![msg_id.to_string()],
        None => vec![
            field("FromUserName").to_owned(),
            field("CreateTime").to_owned(),
            field("MsgType").to_ascii_lowercase(),
            field("Event").to_ascii_lowercase(),
            field("EventKey").to_owned(),
            field("MsgID").to_owned(),
        ],
    };
    // No field can hold the separator: XML forbids it.
    hex(&Sha256::digest(parts.join("\u{1f}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(rest: &str) -> Result<Push, PushError> {
        let head = "<ToUserName>gh_1</ToUserName><FromUserName>oeUbuRs01ToA3</FromUserName>";
        Push::parse(format!("<xml>{head}<CreateTime>7</CreateTime>{rest}</xml>").as_bytes())
    }

    fn event(event: &str, rest: &str) -> Kind {
        let body = format!("<MsgType>event</MsgType><Event>{event}</Event>{rest}");
        push(&body).unwrap().kind
    }

    #[test]
    fn the_prefix_is_taken_off_once_and_only_on_subscribe() {
        let scene = |kind| match kind {
            Kind::Scan {
                scene, subscribed, ..
            } => Some((scene, subscribed)),
            _ => None,
        };
        let key = "<EventKey>qrscene_qrscene_1</EventKey>";
        assert_eq!(
            scene(event("subscribe", key)),
            Some(("qrscene_1".to_owned(), true))
        );
        assert_eq!(
            scene(event("SCAN", key)),
            Some(("qrscene_qrscene_1".to_owned(), false))
        );
        assert_eq!(
            event("subscribe", "<EventKey>qrscene_</EventKey>"),
            Kind::Subscribe
        );
        assert_eq!(
            event("SCAN", ""),
            Kind::OtherEvent {
                event: "SCAN".to_owned()
            }
        );
    }

    #[test]
    fn job_states_are_read_with_and_without_the_space() {
        for (text, status) in [
            ("success", JobStatus::Delivered),
            ("failed:user block", JobStatus::Blocked),
            ("failed: user block", JobStatus::Blocked),
            ("failed: system failed", JobStatus::Failed),
            ("", JobStatus::Failed),
        ] {
            let fields = format!("<MsgID>9007199254740993</MsgID><Status>{text}</Status>");
            assert_eq!(
                event("TEMPLATESENDJOBFINISH", &fields),
                Kind::TemplateJob {
                    msg_id: 9_007_199_254_740_993,
                    status
                }
            );
        }
    }

    #[test]
    fn a_signed_number_is_not_a_decimal() {
        assert_eq!(decimal("+7"), None);
        assert_eq!(decimal(""), None);
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn nothing_personal_is_printed() {
        let push = push("<MsgType>text</MsgType><Content>hush</Content><MsgId>1</MsgId>").unwrap();
        let shown = format!("{push:?} {}", push.from);
        assert!(shown.contains("oeUbuR…"));
        assert!(!shown.contains("oeUbuRs") && !shown.contains("hush"));
    }
}
