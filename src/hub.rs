//! Bind, publish, deliver: the registry and the broker under one roof, and the only way in which
//! doors act on sessions.

use std::sync::Arc;
use std::time::Duration;

use prometheus::Histogram;
use tokio::time::Instant;

use crate::broker::{
    Broker, BrokerError, Claim, Held, Issued, NewSession, NodeView, Published, Scanned, SessionView,
};
use crate::connection::Connection;
use crate::deadlines::Deadlines;
use crate::ending::Ending;
use crate::frame;
use crate::listener::Listener;
use crate::message::{Bind, Event, Since};
use crate::metrics::Metrics;
use crate::registry::{Guest, Registry};
use crate::session::{EventId, Mark, State, Ticket, Uid};
use crate::timeline::{Id, Moment, Timeline};
use crate::verdict::{Door, Failure, Verdict};

mod binding;

pub use binding::Binding;

/// After which it is asked again whether a code has expired, where the broker could not tell.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Sessions and connections of one node.
#[derive(Debug)]
pub struct Hub {
    broker: Broker,
    registry: Arc<Registry>,
    timeline: Arc<Timeline>,
    metrics: Arc<Metrics>,
    /// Seconds from an event's coming in to its acceptance.
    to_broker: Histogram,
    /// Whether the first bind of a uid that is not on record registers it.
    register: bool,
    /// When codes run out whose pages want to be told.
    codes: Deadlines<Uid>,
}

/// Why a bind was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Ticket or key is not the one on record.
    Mismatch,
    /// Nothing is known of the uid, or no more.
    Unknown,
    /// The broker is away; this is nobody's fault and does not count.
    Unavailable,
}

impl Refused {
    /// The code of the answer, and the metric label.
    pub fn code(self) -> &'static str {
        match self {
            Refused::Mismatch => "ticket_mismatch",
            Refused::Unknown => "uid_unknown",
            Refused::Unavailable => "unavailable",
        }
    }

    /// One sentence for the page.
    pub fn message(self) -> &'static str {
        match self {
            Refused::Mismatch => "Ticket or key is not that of this uid.",
            Refused::Unknown => "This uid is unknown or has expired.",
            Refused::Unavailable => "Not possible at the moment; try again.",
        }
    }
}

impl Hub {
    /// A hub for a node that has joined `broker` with `registry` as its inbox.
    pub fn new(
        broker: Broker,
        registry: Arc<Registry>,
        timeline: Arc<Timeline>,
        metrics: Arc<Metrics>,
        register: bool,
    ) -> Arc<Self> {
        let stages = &metrics.delivery_stage_duration_seconds;
        Arc::new(Self {
            broker,
            registry,
            timeline,
            to_broker: stages.with_label_values(&["broker"]),
            metrics,
            register,
            codes: Deadlines::default(),
        })
    }

    /// The broker, for what is not about sessions: notes and accounts.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// What is noted of the life of sessions.
    pub fn timeline(&self) -> &Arc<Timeline> {
        &self.timeline
    }

    /// Takes a connection in; it holds nothing yet.
    pub fn welcome(&self, connection: Arc<Connection>) -> Guest {
        self.registry.welcome(connection)
    }

    /// Binds a connection: verified at the broker, then held here. Events are kept back until
    /// [`Binding::catch_up`]. `previous` is the connection's binding so far, which ends if this one
    /// begins.
    pub async fn bind(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        bind: &Bind,
        previous: &mut Option<Binding>,
    ) -> Result<(), Refused> {
        let result = self.try_bind(connection, bind, previous).await;
        let label = result.map_or_else(Refused::code, |()| "ok");
        self.metrics.binds_total.with_label_values(&[label]).inc();
        match result {
            Ok(()) => self.timeline.note_now(bind.uid, Moment::Bound),
            Err(Refused::Mismatch) => {
                let code = Refused::Mismatch.code().into();
                self.timeline.note_now(bind.uid, Moment::Refused { code });
            }
            // Nobody would find it.
            Err(Refused::Unknown | Refused::Unavailable) => {}
        }
        result
    }

    async fn try_bind(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        bind: &Bind,
        previous: &mut Option<Binding>,
    ) -> Result<(), Refused> {
        // What is no ticket matches no session, known or not.
        let ticket = bind.ticket.as_ref().ok_or(Refused::Mismatch)?;
        let claim = Claim {
            uid: bind.uid,
            ticket,
            key: bind.key.as_ref(),
            register: self.register,
        };
        let (newest, code_remaining) = match self.broker.hold(claim).await {
            Err(error) => {
                tracing::warn!(%error, "could not bind");
                return Err(Refused::Unavailable);
            }
            Ok(Held::Unknown) => return Err(Refused::Unknown),
            Ok(Held::Mismatch) => return Err(Refused::Mismatch),
            Ok(Held::Yes {
                newest,
                code_remaining,
            }) => (newest, code_remaining),
        };
        let before = previous
            .take()
            .map(|binding| (binding.uid(), binding.retire()));
        if let Some((uid, _)) = before {
            let why = "rebound".into();
            self.timeline.note_now(uid, Moment::Left { why });
        }
        // An id beyond the newest is none of this session's: of a broker that has lost its data, say.
        let since = match bind.since {
            Some(Since::After(id)) if id > newest => Some(Since::Unknown),
            since => since,
        };
        let last = match (since, before) {
            (Some(Since::After(id)), _) => id,
            (Some(Since::Start | Since::Unknown), _) => EventId::START,
            // A page of the original's kind that binds again goes on where it was.
            (None, Some((uid, last))) if uid == bind.uid => last,
            (None, _) => newest,
        };
        let wants_ids = since.is_some();
        let listener = Listener::new(bind.uid, Arc::clone(connection), wants_ids, last);
        self.registry.add(Arc::clone(&listener));
        *previous = Some(Binding {
            hub: Arc::clone(self),
            listener,
            mark: Mark::of(bind.uid, ticket),
            is_new: true,
            names_stranger: since == Some(Since::Unknown),
            code_ends: code_remaining.map(|remaining| Instant::now() + remaining),
        });
        Ok(())
    }

    /// Publishes an event that came at `came`, and tells how it went. `keep` retains it also where
    /// nobody holds the uid.
    pub async fn publish(&self, door: Door, event: &Event, keep: bool, came: Instant) -> Verdict {
        let published = self.broker.publish(event, keep).await;
        let done = Instant::now();
        let verdict = match published {
            Ok(Published::Yes { id, nodes, is_new }) => {
                let took = done.saturating_duration_since(came);
                self.to_broker.observe(took.as_secs_f64());
                self.metrics.events_retained_total.inc_by(is_new.into());
                Verdict::Accepted { id, nodes }
            }
            Ok(Published::Unknown) => Verdict::Failed(Failure::UidUnknown),
            Ok(Published::Mismatch) => Verdict::Failed(Failure::TicketMismatch),
            Ok(Published::NotHeld) => Verdict::Failed(Failure::NotHeld),
            Err(BrokerError::Silent) => Verdict::Unknown,
            Err(error) => {
                tracing::debug!(%error, "could not publish");
                Verdict::Failed(Failure::Unavailable)
            }
        };
        verdict.count(door, &self.metrics);
        if verdict != Verdict::Failed(Failure::UidUnknown) {
            let moment = published_moment(door, verdict, event.scanned);
            self.timeline.note(event.uid, came..done, moment);
        }
        verdict
    }

    /// Refuses an event that has come no further than a door.
    pub fn refuse(&self, door: Door, failure: Failure) -> Verdict {
        let verdict = Verdict::Failed(failure);
        verdict.count(door, &self.metrics);
        verdict
    }

    /// Puts a session on record.
    pub async fn issue(&self, session: NewSession) -> Result<Issued, BrokerError> {
        let uid = session.uid;
        let action = session.purpose.as_ref().map(|purpose| purpose.action);
        let seconds = session.life.as_secs();
        let issued = self.broker.issue(session).await?;
        if issued != Issued::Conflict {
            let moment = Moment::Issued {
                action: action.map(|action| action.word().into()),
                seconds,
                renewed: issued != Issued::Created,
            };
            self.timeline.note_now(uid, moment);
        }
        Ok(issued)
    }

    /// What is on record of a uid.
    pub async fn session(&self, uid: Uid) -> Result<Option<SessionView>, BrokerError> {
        self.broker.session(uid).await
    }

    /// What is on record of many uids, in their order.
    pub async fn sessions(&self, uids: &[Uid]) -> Result<Vec<Option<SessionView>>, BrokerError> {
        self.broker.sessions(uids).await
    }

    /// Ends a session and closes its pages on every node.
    pub async fn end(&self, uid: Uid) -> Result<bool, BrokerError> {
        let existed = self.broker.end(uid).await?;
        if existed {
            self.timeline.note_now(uid, Moment::Ended);
        }
        Ok(existed)
    }

    /// Takes a person's scan.
    pub async fn scan(
        &self,
        uid: Uid,
        ticket: Option<&Ticket>,
        person: &str,
    ) -> Result<Scanned, BrokerError> {
        self.broker.scan(uid, ticket, person).await
    }

    /// Marks the action of a scanned session as done.
    pub async fn settle(&self, uid: Uid) -> Result<(), BrokerError> {
        self.broker.settle(uid).await
    }

    /// Every uid that this node holds.
    pub fn held(&self) -> Vec<Uid> {
        self.registry.held()
    }

    /// The next thing that is said to all nodes.
    pub async fn next_told(&self) -> String {
        self.registry.next_told().await
    }

    /// The live nodes.
    pub async fn nodes(&self) -> Result<Vec<NodeView>, BrokerError> {
        self.broker.nodes().await
    }

    /// Tells pages that their code has run out, for ever; one task of the node's.
    pub async fn watch_codes(&self) {
        loop {
            self.codes.wait().await;
            while let Some(uid) = self.codes.pop_due(Instant::now()) {
                self.tell_if_expired(uid).await;
            }
        }
    }

    async fn tell_if_expired(&self, uid: Uid) {
        // A page that has gone meanwhile, as most have, costs the broker nothing.
        let mut anybody = false;
        self.registry.each_listener(uid, |_| anybody = true);
        if !anybody {
            return;
        }
        match self.broker.session(uid).await {
            Ok(Some(view)) if view.state == State::Expired => {
                let mut is_told = false;
                let notice = frame::text_frame(br#"{"cmd":"expired"}"#);
                self.registry.each_listener(uid, |listener| {
                    if listener.tell_expired() {
                        is_told = true;
                        listener.connection.send(notice.clone());
                    }
                });
                if is_told {
                    self.timeline.note_now(uid, Moment::Expired);
                }
            }
            // It was renewed meanwhile.
            Ok(Some(view)) if view.state == State::Waiting => {
                self.codes.push(Instant::now() + view.code_remaining, uid);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "could not tell whether a code has expired, asking again");
                self.codes.push(Instant::now() + ASK_AGAIN, uid);
            }
        }
    }

    /// Says goodbye to everybody, spread over `spread`; ready when all have been told.
    pub async fn part(&self, spread: Duration, retry_ms: u32) {
        let goodbye = Ending::Draining { retry_ms };
        let everybody = self.registry.everybody();
        let start = Instant::now();
        let many = everybody.len() as u32;
        for (number, connection) in (0u32..).zip(everybody) {
            // Nobody waits for a page that has left by itself.
            if connection.is_over() {
                continue;
            }
            tokio::time::sleep_until(start + spread * number / many).await;
            connection.end(goodbye);
        }
        // Whoever was shaking hands when it began goes at once.
        for connection in self.registry.everybody() {
            connection.end(goodbye);
        }
    }
}

fn published_moment(door: Door, verdict: Verdict, scanned: Option<Instant>) -> Moment {
    let (event, nodes, reason) = match verdict {
        Verdict::Accepted { id, nodes } => (Some(Id(id)), nodes, None),
        Verdict::Failed(failure) => (None, 0, Some(failure.reason().into())),
        Verdict::Unknown => (None, 0, None),
    };
    Moment::Published {
        event,
        door: door.label().into(),
        result: verdict.word().into(),
        reason,
        nodes,
        scanned,
    }
}
