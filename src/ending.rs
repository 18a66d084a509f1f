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

/// Every label that an ending can have, with every code that goes with it.
pub const SERIES: &[&str] = &[
    "left 1000",
    "left 1001",
    "left other",
    "lost none",
    "protocol 1002",
    "not_utf8 1007",
    "too_big 1009",
    "binary 1003",
    "withdrawn 4401",
    "refused 4403",
    "silent 4408",
    "too_fast 4429",
    "too_slow 4508",
    "draining 1001",
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

    /// The metric label; with [`Ending::code_label`] one of [`SERIES`].
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

    /// The metric label of the close code. A page may leave with any of thousands: what is neither a
    /// plain goodbye nor a page that was closed is `other`.
    pub fn code_label(self) -> &'static str {
        match self {
            Ending::Left(None | Some(1000)) => "1000",
            Ending::Left(Some(1001)) | Ending::Draining { .. } => "1001",
            Ending::Left(Some(_)) => "other",
            Ending::Lost => "none",
            Ending::Broken(Violation::Protocol(_)) => "1002",
            Ending::Broken(Violation::NotUtf8) => "1007",
            Ending::Broken(Violation::TooBig) => "1009",
            Ending::Binary => "1003",
            Ending::Withdrawn => "4401",
            Ending::Refused => "4403",
            Ending::Silent => "4408",
            Ending::TooFast => "4429",
            Ending::TooSlow => "4508",
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
    fn every_ending_has_known_labels() {
        let endings = [
            Ending::Left(None),
            Ending::Left(Some(1001)),
            Ending::Left(Some(4999)),
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
        let series = endings.map(|ending| format!("{} {}", ending.label(), ending.code_label()));
        assert_eq!(series, SERIES);
    }

    #[test]
    fn the_label_of_a_code_is_the_code() {
        for ending in [
            Ending::Left(None),
            Ending::Binary,
            Ending::Draining { retry_ms: 1 },
        ] {
            let code = ending.close_code().unwrap().to_string();
            assert_eq!(ending.code_label(), code);
        }
    }
}
