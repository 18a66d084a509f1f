//! What is said to a broker, and what it answers: plain values, the same for every kind.

use std::time::Duration;

use super::Retained;
use crate::session::{EventId, Key, Purpose, State, Ticket, Uid};

/// A session to be put on record.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its number.
    pub uid: Uid,
    /// The ticket of its code.
    pub ticket: Ticket,
    /// Asked of each bind; None lets the ticket alone suffice.
    pub key: Option<Key>,
    /// What a scan does; None where another system handles the scan.
    pub purpose: Option<Purpose>,
    /// How long the code can be scanned.
    pub life: Duration,
}

/// How [`Broker::issue`] went.
#[derive(Debug, PartialEq, Eq)]
pub enum Issued {
    /// It is on record.
    Created,
    /// The same uid and ticket were on record: the life began anew, key and action stayed.
    Renewed(Option<Key>),
    /// The uid is on record with another ticket.
    Conflict,
}

/// A claim to a uid, to be verified.
#[derive(Debug)]
pub struct Claim<'a> {
    /// Which session.
    pub uid: Uid,
    /// What the page presents.
    pub ticket: &'a Ticket,
    /// What the page presents.
    pub key: Option<&'a Key>,
    /// Whether a uid that is not on record is registered with the ticket presented.
    pub register: bool,
}

/// How [`Broker::hold`] went.
#[derive(Debug, PartialEq, Eq)]
pub enum Held {
    /// Verified, and from now on this node gets the uid's events.
    Yes {
        /// The newest event at that moment.
        newest: EventId,
        /// How long the code can still be scanned; None where that is no longer, or never was, the
        /// question.
        code_remaining: Option<Duration>,
    },
    /// Nothing is known of the uid.
    Unknown,
    /// Ticket or key is not the one on record.
    Mismatch,
}

/// How [`Broker::publish`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// Verified, retained, and handed to that many nodes; 0 where nobody holds the uid now.
    Yes {
        /// The event's id.
        id: EventId,
        /// Nodes that hold the uid.
        nodes: usize,
        /// Whether it was retained now; false for a push id that was accepted before.
        is_new: bool,
    },
    /// Nothing is known of the uid.
    Unknown,
    /// The ticket is not the one on record.
    Mismatch,
    /// Nobody holds the uid, and the publisher did not want it kept.
    NotHeld,
}

/// Retained events of a uid, oldest first.
#[derive(Debug, Default)]
pub struct Replay {
    /// The events after the id that was asked for, at most as many as asked for.
    pub events: Vec<Retained>,
    /// Whether events after that id are gone.
    pub gap: bool,
    /// Whether the session itself is gone.
    pub gone: bool,
}

/// How [`Broker::scan`] went.
#[derive(Debug, PartialEq, Eq)]
pub enum Scanned {
    /// This person's scan counts, now or (where an earlier attempt was cut short) still.
    Accepted {
        /// What the code stands for.
        purpose: Option<Purpose>,
        /// The ticket on record, for the events that follow.
        ticket: Ticket,
    },
    /// The same person scanned it before, and the action is done.
    Repeated,
    /// Somebody else scanned it before.
    Used,
    /// The code's time is over.
    Expired,
    /// Nothing is known of the uid.
    Unknown,
    /// The ticket is not the one on record, or is missing.
    Mismatch,
}

impl Scanned {
    /// Its metric label.
    pub fn word(&self) -> &'static str {
        match self {
            Scanned::Accepted { .. } => "accepted",
            Scanned::Repeated => "repeated",
            Scanned::Used => "used",
            Scanned::Expired => "expired",
            Scanned::Unknown => "unknown",
            Scanned::Mismatch => "mismatch",
        }
    }
}

/// What can be told of a session.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// How far it has come.
    pub state: State,
    /// What its code stands for.
    pub purpose: Option<Purpose>,
    /// The ticket on record.
    pub ticket: Ticket,
    /// For how long the code can still be scanned; zero once it cannot.
    pub code_remaining: Duration,
    /// The nodes that hold the uid.
    pub nodes: Vec<String>,
}

/// How much is remembered of a session.
#[derive(Debug, Clone, Copy)]
pub struct TimelineBounds {
    /// Moments, the newest; 0 for none.
    pub entries: usize,
    /// For how long after the last of them.
    pub life: Duration,
}

/// What is remembered of a session.
#[derive(Debug, Default)]
pub struct Remembered {
    /// Its moments, in the order in which they came to the broker.
    pub moments: Vec<String>,
    /// Whether there were more.
    pub truncated: bool,
}

/// A count after one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many there are.
    pub count: u64,
    /// When it begins anew, from now.
    pub remaining: Duration,
}

/// A live node.
#[derive(Debug, Clone, serde::Serialize)]
pub struct NodeView {
    /// Its name.
    pub name: String,
    /// Its open websockets.
    pub connections: u64,
}

/// A document that outlives restarts, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Grows with each write, also over a removal; never 0.
    pub version: u64,
    /// What was written.
    pub text: String,
}

/// What is done later, in the background: one queue for each kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Template messages on their way to the platform.
    Messages,
    /// Calls of the operator's own backend.
    Hooks,
    /// Confirmations whose time runs out.
    Confirmations,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Queue; 3] = [Queue::Messages, Queue::Hooks, Queue::Confirmations];

    /// Its name at the broker, and its metric label.
    pub fn word(self) -> &'static str {
        match self {
            Queue::Messages => "messages",
            Queue::Hooks => "hooks",
            Queue::Confirmations => "confirmations",
        }
    }
}

/// How [`Broker::enqueue`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// It will be done, also if this node dies.
    Yes,
    /// A job of this id is waiting already; that one stands.
    Known,
    /// Too many are waiting.
    Full,
}

/// A job that this node has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Unique in its queue.
    pub id: String,
    /// What is to be done.
    pub payload: String,
    /// How often it was taken, this time included.
    pub attempts: u32,
}

/// Jobs that were due.
#[derive(Debug, Default)]
pub struct Taken {
    /// At most as many as asked for. Whoever neither finishes nor postpones one within the lease
    /// leaves it to others.
    pub jobs: Vec<Job>,
    /// When the next is due, from now; None where none waits.
    pub next: Option<Duration>,
}
