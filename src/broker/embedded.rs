//! The broker of one process: sessions and notes in memory, records and jobs in a database file.
//!
//! It is the default for a single node and the double of every test; several nodes of one process
//! may join it, and are a cluster then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    Arrival, BrokerError, Claim, Counted, Held, Inbox, Issued, NewSession, NodeView, Published,
    Queue, Remembered, Replay, Scanned, SessionView, SharedInbox, TimelineBounds, Told,
};
use crate::message::Event;
use crate::metrics::Metrics;
use crate::session::{EventId, Ticket, Uid};

mod groups;
mod jobs;
mod notes;
mod record;
mod sessions;
mod store;
mod timelines;

use groups::Groups;
use notes::Notes;
use sessions::Sessions;
use store::Store;
pub use store::StoreError;
use timelines::Timelines;

/// How long things live and how many are kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Life of a session that nobody holds, after its code ran out or its last page left.
    pub grace: Duration,
    /// Events retained for each session, the newest.
    pub events: usize,
    /// Push ids remembered for each session, the newest.
    pub push_ids: usize,
}

/// The broker itself, shared by the nodes that joined it.
pub struct Embedded {
    sessions: Arc<Sessions>,
    groups: Groups,
    notes: Notes,
    timelines: Timelines,
    store: Store,
    members: RwLock<Vec<MemberEntry>>,
    next_member: AtomicU32,
    /// Stops the expiry task with the last handle.
    _expiry: DropGuard,
}

struct MemberEntry {
    number: NodeNumber,
    name: String,
    inbox: SharedInbox,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not what is kept: that is much, and other people's.
        f.debug_struct("Embedded").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for MemberEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// Tells the members of one broker apart.
type NodeNumber = u32;

/// One node's handle to the embedded broker.
#[derive(Debug, Clone)]
pub struct Member {
    broker: Arc<Embedded>,
    number: NodeNumber,
}

impl Embedded {
    /// Opens the database file in `directory`, made where it is missing, and starts the task that
    /// forgets what has expired.
    pub async fn open(directory: &Path, retention: Retention) -> Result<Arc<Self>, StoreError> {
        let store = Store::open(directory).await?;
        let stop = CancellationToken::new();
        let sessions = Arc::new(Sessions::new(retention));
        tokio::spawn(forget_expired(Arc::clone(&sessions), stop.clone()));
        Ok(Arc::new(Self {
            sessions,
            groups: Groups::default(),
            notes: Notes::default(),
            timelines: Timelines::default(),
            store,
            members: RwLock::default(),
            next_member: AtomicU32::new(0),
            _expiry: stop.drop_guard(),
        }))
    }

    /// Joins a node: `inbox` gets the events of the uids that it holds.
    pub fn join(self: &Arc<Self>, name: &str, inbox: SharedInbox) -> Member {
        let number = self.next_member.fetch_add(1, Ordering::Relaxed);
        self.members.write().push(MemberEntry {
            number,
            name: name.to_owned(),
            inbox,
        });
        Member {
            broker: Arc::clone(self),
            number,
        }
    }

    /// Calls `visit` with the inbox of a member that has not left.
    fn with_inbox(&self, number: NodeNumber, visit: impl FnOnce(&dyn Inbox)) {
        let members = self.members.read();
        if let Some(member) = members.iter().find(|member| member.number == number) {
            visit(&*member.inbox);
        }
    }
}

/// Forgets sessions in time, until `stop`.
async fn forget_expired(sessions: Arc<Sessions>, stop: CancellationToken) {
    loop {
        sessions.expire();
        tokio::select! {
            () = stop.cancelled() => return,
            () = sessions.expiry.wait() => {}
        }
    }
}

impl Member {
    pub(super) fn issue(&self, session: NewSession) -> Issued {
        self.broker.sessions.issue(session)
    }

    pub(super) fn hold(&self, claim: Claim<'_>) -> Held {
        self.broker.sessions.hold(claim, self.number)
    }

    pub(super) fn release(&self, uid: Uid) {
        self.broker.sessions.release(uid, self.number);
    }

    pub(super) fn publish(&self, event: &Event, keep: bool) -> Published {
        self.broker.sessions.publish(event, keep, |node, retained| {
            let arrival = Arrival {
                at: Instant::now(),
                travelled: Duration::ZERO,
                scanned: event.scanned,
            };
            self.broker
                .with_inbox(node, |inbox| inbox.event(event.uid, retained, arrival));
        })
    }

    pub(super) fn replay(&self, uid: Uid, after: EventId, limit: usize) -> Replay {
        self.broker.sessions.replay(uid, after, limit)
    }

    pub(super) fn scan(&self, uid: Uid, ticket: Option<&Ticket>, person: &str) -> Scanned {
        self.broker.sessions.scan(uid, ticket, person)
    }

    pub(super) fn settle(&self, uid: Uid) {
        self.broker.sessions.settle(uid);
    }

    pub(super) fn session(&self, uid: Uid) -> Option<SessionView> {
        let (mut view, holders) = self.broker.sessions.view(uid)?;
        let members = self.broker.members.read();
        view.nodes = members
            .iter()
            .filter(|member| holders.contains(&member.number))
            .map(|member| member.name.clone())
            .collect();
        Some(view)
    }

    pub(super) fn sessions(&self, uids: &[Uid]) -> Vec<Option<SessionView>> {
        uids.iter().map(|uid| self.session(*uid)).collect()
    }

    pub(super) fn observe(&self, metrics: &Metrics) {
        self.broker.sessions.census().show(metrics);
        for queue in Queue::ALL {
            let gauge = metrics.jobs_waiting.with_label_values(&[queue.word()]);
            gauge.set(self.broker.store.waiting.of(queue));
        }
    }

    pub(super) fn end(&self, uid: Uid) -> bool {
        self.broker.sessions.end(uid, |node| {
            self.broker.with_inbox(node, |inbox| inbox.ended(uid));
        })
    }

    pub(super) fn remember(
        &self,
        uid: Uid,
        moments: Vec<String>,
        was_session: bool,
        bounds: TimelineBounds,
    ) -> bool {
        let is_known = was_session || self.broker.sessions.is_known(uid);
        let timelines = &self.broker.timelines;
        timelines.remember(uid, moments, bounds, is_known)
    }

    pub(super) fn remembered(&self, uid: Uid, _: TimelineBounds) -> Option<Remembered> {
        let is_known = self.broker.sessions.is_known(uid);
        let remembered = self.broker.timelines.remembered(uid);
        remembered.or_else(|| is_known.then(Remembered::default))
    }

    pub(super) fn note_once(&self, name: &str, value: &str, life: Duration) -> bool {
        self.broker.notes.note_once(name, value, life)
    }

    pub(super) fn note(&self, name: &str, value: &str, life: Duration) {
        self.broker.notes.note(name, value, life);
    }

    pub(super) fn forget(&self, name: &str, value: &str) {
        self.broker.notes.forget(name, value);
    }

    pub(super) fn noted(&self, name: &str) -> Option<String> {
        self.broker.notes.noted(name)
    }

    pub(super) fn count(&self, name: &str, life: Duration) -> Counted {
        self.broker.notes.count(name, life)
    }

    /// Who belongs together.
    pub(super) fn groups(&self) -> &Groups {
        &self.broker.groups
    }

    pub(super) fn tell_nodes(&self, text: &str) -> Vec<Told> {
        let members = self.broker.members.read();
        members
            .iter()
            .map(|member| Told {
                name: member.name.clone(),
                heard: member.inbox.told(text),
            })
            .collect()
    }

    /// What outlives a restart.
    pub(super) fn store(&self) -> &Store {
        &self.broker.store
    }

    pub(super) async fn installation_secret(&self) -> Result<[u8; 32], BrokerError> {
        self.broker.store.installation_secret().await
    }

    /// Empty once it has left.
    pub(super) fn name(&self) -> String {
        let members = self.broker.members.read();
        let own = members.iter().find(|member| member.number == self.number);
        own.map(|member| member.name.clone()).unwrap_or_default()
    }

    pub(super) fn nodes(&self) -> Vec<NodeView> {
        let members = self.broker.members.read();
        members
            .iter()
            .map(|member| NodeView {
                name: member.name.clone(),
                connections: member.inbox.connections(),
            })
            .collect()
    }

    pub(super) fn leave(&self) {
        let mut members = self.broker.members.write();
        members.retain(|member| member.number != self.number);
    }
}
