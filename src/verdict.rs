//! How a push went, in the words of every door.

use serde::Serialize;

use crate::message::BadLine;
use crate::metrics::Metrics;
use crate::session::EventId;

/// The way in which an event came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The push port.
    Push,
    /// The server API.
    Api,
    /// A scan.
    Scan,
    /// The answer of the site's backend to a hook.
    Hook,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Verified and retained; handed to `nodes` nodes that hold the uid, perhaps none.
    Accepted {
        /// The event's id.
        id: EventId,
        /// Nodes that hold the uid.
        nodes: usize,
    },
    /// Refused for certain: nothing was stored, nothing will arrive later.
    Failed(Failure),
    /// The broker fell silent: it may or may not have been accepted.
    Unknown,
}

/// Why a push was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing is known of the uid.
    UidUnknown,
    /// The ticket is missing or not the one on record.
    TicketMismatch,
    /// Not a JSON object.
    BadJson,
    /// No uid, or something that is none.
    NoUid,
    /// The line or its push id is longer than allowed.
    TooLong,
    /// The broker is known to be away.
    Unavailable,
    /// The secret was not presented.
    Unauthorised,
    /// Nobody holds the uid, and pushes for nobody are not kept here.
    NotHeld,
}

/// A verdict as JSON has it.
#[derive(Debug, Serialize)]
pub struct Words {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
}

impl Verdict {
    /// The one-word reply.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Accepted { nodes: 0, .. } => "queued",
            Verdict::Accepted { .. } => "ok",
            Verdict::Failed(_) => "fail",
            Verdict::Unknown => "unknown",
        }
    }

    /// `{"result":"ok","id":"…","nodes":1,"ms":3}`, with a `reason` where it failed.
    pub fn verbose(self, ms: u64) -> String {
        let mut words = self.words();
        words.ms = Some(ms);
        serde_json::to_string(&words).expect("plain data")
    }

    /// The same without the time that it took, to be part of an answer about many.
    pub fn words(self) -> Words {
        let mut words = Words {
            result: self.word(),
            id: None,
            nodes: None,
            reason: None,
            ms: None,
        };
        match self {
            Verdict::Accepted { id, nodes } => {
                words.id = Some(id.to_string());
                words.nodes = Some(nodes);
            }
            Verdict::Failed(failure) => words.reason = Some(failure.reason()),
            Verdict::Unknown => {}
        }
        words
    }

    /// Counts it.
    pub fn count(self, door: Door, metrics: &Metrics) {
        let labels = [door.label(), self.word()];
        metrics.pushes_total.with_label_values(&labels).inc();
        if let Verdict::Failed(failure) = self {
            let label = [failure.reason()];
            metrics.push_failures_total.with_label_values(&label).inc();
        }
    }
}

impl Failure {
    /// The word of a verbose verdict, and the metric label.
    pub fn reason(self) -> &'static str {
        match self {
            Failure::UidUnknown => "uid_unknown",
            Failure::TicketMismatch => "ticket_mismatch",
            Failure::BadJson => "bad_json",
            Failure::NoUid => "no_uid",
            Failure::TooLong => "too_long",
            Failure::Unavailable => "unavailable",
            Failure::Unauthorised => "unauthorised",
            Failure::NotHeld => "not_held",
        }
    }
}

impl From<BadLine> for Failure {
    fn from(bad: BadLine) -> Self {
        match bad {
            BadLine::NotJson => Failure::BadJson,
            BadLine::NoUid => Failure::NoUid,
            BadLine::NoTicket => Failure::TicketMismatch,
            BadLine::BadPushId => Failure::TooLong,
        }
    }
}

impl Door {
    /// The metric label.
    pub fn label(self) -> &'static str {
        match self {
            Door::Push => "push",
            Door::Api => "api",
            Door::Scan => "scan",
            Door::Hook => "hook",
        }
    }
}
