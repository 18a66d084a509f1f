//! What joins the nodes: keeps sessions, retains events, carries them to the nodes that hold the
//! uid, and keeps what must outlive restarts.
//!
//! Each verb is one atomic step at the broker, whatever node calls it. Two kinds: embedded (one
//! process; the default) and Redis (many nodes). The contract of each verb stands here, where the
//! kinds meet; callers cannot tell them apart.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::frame;
use crate::message::{self, Event};
use crate::metrics::Metrics;
use crate::session::{EventId, Ticket, Uid};

mod census;
mod durable;
pub mod embedded;
mod groups;
pub mod redis;
mod terms;

use embedded::Member;
pub use groups::{Joined, Told};
pub use terms::*;

/// One node's membership at the broker.
#[derive(Debug, Clone)]
pub enum Broker {
    /// All within this process.
    Embedded(Member),
    /// Between processes.
    Redis(redis::Member),
}

/// The broker could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// It is away: nothing was done, nothing will be.
    #[error("the broker is away")]
    Unavailable,
    /// It fell silent: what it was asked may or may not have been done.
    #[error("the broker fell silent")]
    Silent,
    /// Its store failed: nothing was done.
    #[error("the broker's store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a node does with what the broker carries to it. Called in the order of the events of a
/// uid, under the broker's lock: neither waits nor calls the broker.
pub trait Inbox: Send + Sync {
    /// An event for a uid that this node holds.
    fn event(&self, uid: Uid, event: &Retained, arrival: Arrival);
    /// Events for a uid may have been lost on the way: its pages are to read the retained ones.
    fn missed(&self, uid: Uid);
    /// The session was ended; who holds the uid is to go.
    fn ended(&self, uid: Uid);
    /// Something that is said to every node; false where there is no place for it.
    fn told(&self, text: &str) -> bool;
    /// How many websockets the node has open.
    fn connections(&self) -> u64;
}

/// How a live event came to a node.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// When.
    pub at: Instant,
    /// How long it was on its way from the broker.
    pub travelled: Duration,
    /// When the callback came of the scan that it tells of; None for every other event.
    pub scanned: Option<Instant>,
}

/// An accepted event: retained until its session ends.
#[derive(Debug, Clone)]
pub struct Retained {
    /// Orders the events of a uid.
    pub id: EventId,
    /// The event before it, as far as the broker knew: whoever has not seen that one has missed it.
    pub before: EventId,
    /// The whole websocket frame of the text: what most pages are sent, made once.
    pub frame: Bytes,
    text_at: usize,
}

impl Retained {
    fn new(id: EventId, before: EventId, text: &[u8]) -> Self {
        let frame = frame::text_frame(text);
        Self {
            id,
            before,
            text_at: frame.len() - text.len(),
            frame,
        }
    }

    /// The frame for a page that bound with `since`: the text with the event's id in it.
    pub fn frame_with_id(&self) -> Bytes {
        frame::text_frame(&message::with_event_id(
            &self.frame[self.text_at..],
            self.id,
        ))
    }
}

/// Calls one verb on whichever kind it is.
macro_rules! verb {
    ($self:ident.$verb:ident($($argument:expr),*)) => {
        match $self {
            Broker::Embedded(member) => Ok(member.$verb($($argument),*)),
            Broker::Redis(redis) => redis.$verb($($argument),*).await,
        }
    };
}

impl Broker {
    /// Puts a session on record. The same uid and ticket renew it; another ticket is refused.
    pub async fn issue(&self, session: NewSession) -> Result<Issued, BrokerError> {
        verb!(self.issue(session))
    }

    /// Verifies a claim and, if it is good, carries the uid's events to this node until
    /// [`Broker::release`] is called as often as this.
    pub async fn hold(&self, claim: Claim<'_>) -> Result<Held, BrokerError> {
        verb!(self.hold(claim))
    }

    /// Gives back one [`Broker::hold`]; a session that nobody holds lives for its grace.
    pub fn release(&self, uid: Uid) {
        match self {
            Broker::Embedded(member) => member.release(uid),
            Broker::Redis(redis) => redis.release(uid),
        }
    }

    /// Verifies, retains and carries an event in one step. The same push id is accepted once
    /// while the session lives, and answered as the first time. Without `keep` an event for a
    /// uid that nobody holds is refused instead of retained.
    pub async fn publish(&self, event: &Event, keep: bool) -> Result<Published, BrokerError> {
        verb!(self.publish(event, keep))
    }

    /// At most `limit` retained events after `after`, oldest first.
    pub async fn replay(
        &self,
        uid: Uid,
        after: EventId,
        limit: usize,
    ) -> Result<Replay, BrokerError> {
        verb!(self.replay(uid, after, limit))
    }

    /// Takes a person's scan: the first person's counts, and may be repeated until [`Broker::settle`].
    pub async fn scan(
        &self,
        uid: Uid,
        ticket: Option<&Ticket>,
        person: &str,
    ) -> Result<Scanned, BrokerError> {
        verb!(self.scan(uid, ticket, person))
    }

    /// Marks the action of a scanned session as done.
    pub async fn settle(&self, uid: Uid) -> Result<(), BrokerError> {
        verb!(self.settle(uid))
    }

    /// What is on record of a uid.
    pub async fn session(&self, uid: Uid) -> Result<Option<SessionView>, BrokerError> {
        verb!(self.session(uid))
    }

    /// What is on record of many uids, in their order; each is looked at by itself.
    pub async fn sessions(&self, uids: &[Uid]) -> Result<Vec<Option<SessionView>>, BrokerError> {
        verb!(self.sessions(uids))
    }

    /// Ends a session: its ticket is void, its events are gone, every holder is told. False where
    /// there was none.
    pub async fn end(&self, uid: Uid) -> Result<bool, BrokerError> {
        verb!(self.end(uid))
    }

    /// Adds moments to the timeline of a session, which outlives it. Where it has none yet, and the
    /// moments themselves do not show that there `was_session`, one has to be on record: otherwise
    /// nothing is remembered, and the answer is false.
    pub async fn remember(
        &self,
        uid: Uid,
        moments: Vec<String>,
        was_session: bool,
        bounds: TimelineBounds,
    ) -> Result<bool, BrokerError> {
        verb!(self.remember(uid, moments, was_session, bounds))
    }

    /// What is remembered of a session; None where nothing is known of the uid.
    pub async fn remembered(
        &self,
        uid: Uid,
        bounds: TimelineBounds,
    ) -> Result<Option<Remembered>, BrokerError> {
        verb!(self.remembered(uid, bounds))
    }

    /// Notes `value` under `name` for `life`, unless something is noted there: then false.
    pub async fn note_once(
        &self,
        name: &str,
        value: &str,
        life: Duration,
    ) -> Result<bool, BrokerError> {
        verb!(self.note_once(name, value, life))
    }

    /// Notes `value` under `name` for `life`, over what is noted there.
    pub async fn note(&self, name: &str, value: &str, life: Duration) -> Result<(), BrokerError> {
        verb!(self.note(name, value, life))
    }

    /// Removes the note under `name` if it still is `value`.
    pub async fn forget(&self, name: &str, value: &str) -> Result<(), BrokerError> {
        verb!(self.forget(name, value))
    }

    /// What is noted under `name`.
    pub async fn noted(&self, name: &str) -> Result<Option<String>, BrokerError> {
        verb!(self.noted(name))
    }

    /// Counts one more under `name`; the count begins anew `life` after its first.
    pub async fn count(&self, name: &str, life: Duration) -> Result<Counted, BrokerError> {
        verb!(self.count(name, life))
    }

    /// The secret of this installation, from which send tokens are derived: made once, the same on
    /// every node, outlives restarts.
    pub async fn installation_secret(&self) -> Result<[u8; 32], BrokerError> {
        match self {
            Broker::Embedded(member) => member.installation_secret().await,
            Broker::Redis(redis) => redis.installation_secret().await,
        }
    }

    /// The live nodes.
    pub async fn nodes(&self) -> Result<Vec<NodeView>, BrokerError> {
        verb!(self.nodes())
    }

    /// Which kind it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Broker::Embedded(_) => "embedded",
            Broker::Redis(_) => "redis",
        }
    }

    /// This node's name there.
    pub fn name(&self) -> String {
        match self {
            Broker::Embedded(member) => member.name(),
            Broker::Redis(redis) => redis.name().to_owned(),
        }
    }

    /// Milliseconds that its clock is ahead of this node's.
    pub fn clock_ahead_millis(&self) -> i64 {
        match self {
            Broker::Embedded(_) => 0,
            Broker::Redis(redis) => redis.clock_ahead_millis(),
        }
    }

    /// Whether it can be reached now.
    pub fn is_reachable(&self) -> bool {
        match self {
            Broker::Embedded(_) => true,
            Broker::Redis(redis) => redis.is_reachable(),
        }
    }

    /// Puts down the figures that are looked up when somebody asks for them.
    pub fn observe(&self, metrics: &Metrics) {
        match self {
            Broker::Embedded(member) => member.observe(metrics),
            Broker::Redis(redis) => redis.observe(metrics),
        }
    }

    /// Leaves: nothing more is carried to this node.
    pub fn leave(&self) {
        match self {
            Broker::Embedded(member) => member.leave(),
            Broker::Redis(redis) => redis.leave(),
        }
    }

    /// After [`Broker::leave`]: waits, for a few seconds at most, until the others can know of it, and
    /// of each uid that was given back.
    pub async fn has_left(&self) {
        match self {
            // They share its memory.
            Broker::Embedded(_) => {}
            Broker::Redis(redis) => redis.has_left().await,
        }
    }
}

/// An inbox that many may share.
pub type SharedInbox = Arc<dyn Inbox>;
