//! Why a websocket ended: each reason knows its close code, its words and its metric label.

use crate::frame::Violation;

/// Why a connection stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The page said goodbye, with this code or none.
    Left(Option<u16>),
    /// The peer vanished without a goodbye.
    Lost,
    /// The peer broke the websocket protocol.
    Broken(Violation),
    /// A binary frame came where only text is spoken.
    Binary,
    /// The session was ended by the backend.
    Withdrawn,
    /// Too many refused binds.
    Refused,
    /// Nothing came for the heartbeat time.
    Silent,
    /// More frames than the limit allows.
    TooFast,
    /// The peer reads too slowly for what it is sent.
    TooSlow,
    /// This node is draining; the page may come back elsewhere after a random part of the time.
    Draining {
        /// Upper bound of the page's random delay, in milliseconds.
        retry_ms: u32,
    },
}

/// Every label that an ending can have.
pub const LABELS: &[&str] = &[
    "left",
    "lost",
    "protocol",
    "not_utf8",
    "too_big",
    "binary",
    "withdrawn",
    "refused",
    "silent",
    "too_fast",
    "too_slow",
    "draining",
];

impl Ending {
    /// The close code to send; None where there is nobody left to tell.
    pub fn close_code(self) -> Option<u16> {
        match self {
            Ending::Left(code) => Some(code.unwrap_or(1000)),
            Ending::Lost => None,
            Ending::Broken(violation) => Some(violation.close_code()),
            Ending::Binary => Some(1003),
            Ending::Withdrawn => Some(4401),
            Ending::Refused => Some(4403),
            Ending::Silent => Some(4408),
            Ending::TooFast => Some(4429),
            Ending::TooSlow => Some(4508),
            Ending::Draining { .. } => Some(1001),
        }
    }

    /// The words of the close frame.
    pub fn reason(self) -> String {
        match self {
            Ending::Left(_) | Ending::Lost => String::new(),
            Ending::Broken(violation) => violation.to_string(),
            Ending::Binary => "only text is spoken here".into(),
            Ending::Withdrawn => "the session was ended".into(),
            Ending::Refused => "too many refused binds".into(),
            Ending::Silent => "heartbeat missed".into(),
            Ending::TooFast => "too many messages".into(),
            Ending::TooSlow => "too slow".into(),
            Ending::Draining { retry_ms } => format!("retry_ms={retry_ms}"),
        }
    }

    /// The metric label, one of [`LABELS`].
    pub fn label(self) -> &'static str {
        match self {
            Ending::Left(_) => "left",
            Ending::Lost => "lost",
            Ending::Broken(Violation::Protocol(_)) => "protocol",
            Ending::Broken(Violation::NotUtf8) => "not_utf8",
            Ending::Broken(Violation::TooBig) => "too_big",
            Ending::Binary => "binary",
            Ending::Withdrawn => "withdrawn",
            Ending::Refused => "refused",
            Ending::Silent => "silent",
            Ending::TooFast => "too_fast",
            Ending::TooSlow => "too_slow",
            Ending::Draining { .. } => "draining",
        }
    }

    /// Whether what is still queued may go out before the goodbye.
    pub fn flushes_first(self) -> bool {
        !matches!(self, Ending::TooSlow | Ending::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_a_known_label() {
        let endings = [
            Ending::Left(None),
            Ending::Lost,
            Ending::Broken(Violation::Protocol("x")),
            Ending::Broken(Violation::NotUtf8),
            Ending::Broken(Violation::TooBig),
            Ending::Binary,
            Ending::Withdrawn,
            Ending::Refused,
            Ending::Silent,
            Ending::TooFast,
            Ending::TooSlow,
            Ending::Draining { retry_ms: 1 },
        ];
        let labels: Vec<_> = endings.iter().map(|ending| ending.label()).collect();
        assert_eq!(labels, LABELS);
    }
}
