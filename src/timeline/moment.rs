//! What can happen to a session, in a few fields each. None of them is a secret, or says who somebody
//! is.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::session::EventId;

/// One of a closed set of words; owned where it was read.
pub type Word = Cow<'static, str>;

/// Something that happened to a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "moment", rename_all = "lowercase")]
pub enum Moment {
    /// It was put on record.
    Issued {
        /// What its code stands for; None where another system handles the scan.
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<Word>,
        /// How long its code can be scanned.
        seconds: u64,
        /// Whether it was on record already.
        renewed: bool,
    },
    /// A page holds it.
    Bound,
    /// A page was not let in.
    Refused {
        /// Why.
        code: Word,
    },
    /// A page holds it no more.
    Left {
        /// Why.
        why: Word,
    },
    /// Its code was scanned, and the callback verified.
    Scanned {
        /// What came of it.
        result: Word,
    },
    /// The person was asked to confirm the scan.
    Asked,
    /// The person confirmed or declined, or let the time run out.
    Decided {
        /// Which of these.
        result: Word,
    },
    /// What the code stands for was done, or not.
    Settled {
        /// What it stands for.
        #[serde(skip_serializing_if = "Option::is_none")]
        action: Option<Word>,
        /// What came of it.
        result: Word,
        /// Milliseconds since the callback of its scan.
        scan_ms: f64,
    },
    /// An event was published, or refused.
    Published {
        /// Its id, where it was accepted.
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<Id>,
        /// How it came.
        door: Word,
        /// The verdict.
        result: Word,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Word>,
        /// Nodes that it was handed to.
        nodes: usize,
        /// When the callback came of the scan that it tells of.
        #[serde(skip)]
        scanned: Option<Instant>,
    },
    /// An event was written to a page's socket.
    Written {
        /// Its id.
        event: Id,
        /// Milliseconds since the callback of the scan that it tells of.
        #[serde(skip_serializing_if = "Option::is_none")]
        scan_ms: Option<f64>,
    },
    /// A page was sent what it had missed.
    Replayed {
        /// How many events.
        events: usize,
        /// The newest of them.
        event: Id,
    },
    /// A page was told that something it missed is gone.
    Gap,
    /// Its code ran out, and its pages were told.
    Expired,
    /// It was ended.
    Ended,
    /// Something that a newer gateway knows of.
    #[serde(other)]
    Unknown,
}

/// An event's id, written as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub EventId);

impl Moment {
    /// How many kinds there are.
    pub const KINDS: usize = 15;

    /// The number of its kind, below [`Moment::KINDS`].
    pub fn kind(&self) -> usize {
        match self {
            Moment::Issued { .. } => 0,
            Moment::Bound => 1,
            Moment::Refused { .. } => 2,
            Moment::Left { .. } => 3,
            Moment::Scanned { .. } => 4,
            Moment::Asked => 5,
            Moment::Decided { .. } => 6,
            Moment::Settled { .. } => 7,
            Moment::Published { .. } => 8,
            Moment::Written { .. } => 9,
            Moment::Replayed { .. } => 10,
            Moment::Gap => 11,
            Moment::Expired => 12,
            Moment::Ended => 13,
            Moment::Unknown => 14,
        }
    }

    /// Whether it can only have happened to a session that was on record.
    pub fn shows_session(&self) -> bool {
        match self {
            Moment::Scanned { result } => result != "unknown",
            Moment::Published { event, .. } => event.is_some(),
            Moment::Unknown => false,
            _ => true,
        }
    }

    /// Whether pages and backends can make so many of it that not each can be remembered.
    pub fn comes_often(&self) -> bool {
        matches!(
            self,
            Moment::Bound
                | Moment::Refused { .. }
                | Moment::Left { .. }
                | Moment::Published { .. }
                | Moment::Written { .. }
                | Moment::Replayed { .. }
                | Moment::Gap
        )
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let id = text.parse().map(Id);
        id.map_err(|()| serde::de::Error::custom("not an event's id"))
    }
}
