//! The way from Redis to this node's pages: a sharded channel for each held uid, one task that takes
//! the messages, and a resync whenever some may have been lost.

use std::sync::Arc;
use std::time::Duration;

use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::{Message, Value};
use futures_util::stream::{self, StreamExt};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout};

use super::carried::Carried;
use super::messages::take_each;
use super::resync::Reason;
use super::tally::Outcome;
use super::{Answer, Facts, HELD, Redis, node_field};
use crate::broker::{Arrival, BrokerError, Claim, Held};
use crate::session::{EventId, Uid};

/// How long a bind waits for those before it, who have an answer of Redis to wait for.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// Owed uids that are given back at a time.
const RETURNS: usize = 64;

/// What ends a session, in place of an event.
const ENDED: &[u8] = b"ended";

/// What the record of a session tells to who holds it.
struct Verified {
    facts: Facts,
    state: String,
    newest: EventId,
    code_remaining: Option<Duration>,
}

impl Redis {
    /// The tasks of the membership; each ends with `stop`.
    pub(super) fn start_tasks(self: &Arc<Self>) {
        self.spawn(Self::take_messages(Arc::clone(self)));
        self.spawn(Self::watch_connection(Arc::clone(self)));
        self.spawn(Self::resync_on_call(Arc::clone(self)));
        self.spawn(Self::sing(Arc::clone(self)));
        self.spawn(Self::keep_publish_loaded(Arc::clone(self)));
        self.spawn(Self::renew(Arc::clone(self)));
        self.spawn(Self::audit(Arc::clone(self)));
        self.spawn(Self::tell_of_itself(Arc::clone(self)));
    }

    fn spawn(&self, forever: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = forever => {}
            }
        });
    }

    pub(in crate::broker) async fn hold(
        self: &Arc<Self>,
        claim: Claim<'_>,
    ) -> Result<Held, BrokerError> {
        let uid = claim.uid;
        if !self.is_reachable() {
            return Err(BrokerError::Unavailable);
        }
        let turn = timeout(TURN_WAIT, self.held.turn(uid)).await;
        let _turn = turn.map_err(|_| BrokerError::Unavailable)?;
        let is_first = !self.held.is_held(uid);
        let verified = self.verify(&claim, is_first).await;
        match verified {
            Ok(Ok(verified)) => {
                let Verified {
                    newest,
                    code_remaining,
                    ..
                } = verified;
                self.held.add(uid, verified.facts, &verified.state, newest);
                Ok(Held::Yes {
                    newest,
                    code_remaining,
                })
            }
            Ok(Err(refused)) => Ok(refused),
            Err(error) => {
                // What was begun, or may have been, is taken back.
                if is_first {
                    self.unsubscribe_unheld(uid);
                }
                Err(error)
            }
        }
    }

    /// Verifies a claim and marks the session; for the first holder here subscribes to its channel.
    async fn verify(
        self: &Arc<Self>,
        claim: &Claim<'_>,
        is_first: bool,
    ) -> Result<Result<Verified, Held>, BrokerError> {
        let verified = self.verify_once(claim).await?;
        if !is_first || verified.is_err() {
            return Ok(verified);
        }
        self.subscribe(claim.uid).await?;
        // Asked again, now that nothing can be missed: before, the session may have been ended, or
        // its last page elsewhere may have left it its grace.
        let verified = self.verify_once(claim).await?;
        if verified.is_err() {
            self.unsubscribe_unheld(claim.uid);
        }
        Ok(verified)
    }

    async fn verify_once(&self, claim: &Claim<'_>) -> Result<Result<Verified, Held>, BrokerError> {
        let ticket = claim.ticket.expose();
        let key = claim.key.map(|key| key.expose()).unwrap_or_default();
        let arguments = vec![
            ticket.to_owned(),
            key,
            u8::from(claim.register).to_string(),
            self.node.clone(),
            HELD.as_millis().to_string(),
            self.retention.grace.as_millis().to_string(),
        ];
        let keys = self.keys.record_and_tombstone(claim.uid);
        let mut answer = Answer::of(self.link.call(&self.scripts.hold, keys, arguments).await?);
        match answer.word().as_str() {
            "held" => {}
            "unknown" => return Ok(Err(Held::Unknown)),
            "mismatch" => return Ok(Err(Held::Mismatch)),
            _ => return Err(BrokerError::Unavailable),
        }
        let newest = answer.word().parse().unwrap_or_default();
        let action = answer.word();
        let ends = answer.number();
        let state = answer.word();
        let now = answer.number();
        // That of the session, which may have none, whatever the page presented.
        let key = answer.word();
        let code_remaining = (state == "waiting" && ends > 0)
            .then(|| Duration::from_millis((ends - now).max(0).unsigned_abs()));
        Ok(Ok(Verified {
            facts: Facts {
                ticket: ticket.to_owned(),
                key,
                action,
                ends,
            },
            state,
            newest,
            code_remaining,
        }))
    }

    pub(in crate::broker) fn release(self: &Arc<Self>, uid: Uid) {
        let redis = Arc::clone(self);
        // Bounded by the connections that end; each waits for its turn and two answers at most.
        self.returns.spawn(async move {
            let _turn = redis.held.turn(uid).await;
            if redis.held.remove(uid) {
                redis.let_go_or_owe(uid).await;
            }
        });
    }

    /// Gives a uid back, now or when the audit comes by; in the uid's turn.
    async fn let_go_or_owe(&self, uid: Uid) {
        if let Err(error) = self.let_go(uid).await {
            tracing::debug!(%error, "could not give a uid back, trying again later");
            self.held.owe(uid);
        }
    }

    /// Gives back what could not be given back when its last page left.
    pub(super) async fn give_back_owed(&self) {
        if !self.is_reachable() {
            return;
        }
        let owed = stream::iter(self.held.owed());
        let given = owed.for_each_concurrent(RETURNS, |uid| self.give_back(uid));
        given.await;
    }

    async fn give_back(&self, uid: Uid) {
        let _turn = self.held.turn(uid).await;
        if !self.held.is_held(uid) {
            self.let_go_or_owe(uid).await;
        }
    }

    async fn let_go(&self, uid: Uid) -> Result<(), BrokerError> {
        if !self.is_reachable() || !self.link.subscriber.is_connected() {
            return Err(BrokerError::Unavailable);
        }
        let channel = self.keys.channel(uid);
        let leaving = self.link.subscriber.sunsubscribe(channel);
        self.plain.sunsubscribe.watch(leaving).await?;
        let arguments = vec![
            self.node.clone(),
            self.retention.grace.as_millis().to_string(),
        ];
        let keys = self.keys.all(uid);
        self.link
            .call(&self.scripts.release, keys, arguments)
            .await
            .map(drop)
    }

    pub(super) async fn subscribe(&self, uid: Uid) -> Result<(), BrokerError> {
        let tally = &self.plain.ssubscribe;
        if !self.link.subscriber.is_connected() {
            tally.count(Outcome::Unavailable, Duration::ZERO);
            return Err(BrokerError::Unavailable);
        }
        // One channel a call: with several fred mixes up the replies.
        let channel = self.keys.channel(uid);
        tally.watch(self.link.subscriber.ssubscribe(channel)).await
    }

    async fn take_messages(self: Arc<Self>) {
        let messages = self.link.subscriber.message_rx();
        let lagged = || {
            self.lags.inc();
            self.resync.call(Reason::Lag);
        };
        take_each(messages, lagged, |message| self.take(message)).await;
    }

    fn take(self: &Arc<Self>, message: Message) {
        let Some(uid) = self.keys.uid_of(&message.channel) else {
            self.hear_own(&message);
            return;
        };
        let text = match &message.value {
            Value::Bytes(bytes) => bytes.as_ref(),
            Value::String(text) => text.as_bytes(),
            _ => return,
        };
        if text == ENDED {
            self.with_inbox(|inbox| inbox.ended(uid));
            return;
        }
        let Some(Carried { event, mark, age }) = Carried::read(text) else {
            return;
        };
        if self.held.passed(uid, event.id, mark) {
            let at = Instant::now();
            let travelled = self.since(event.id);
            let scanned = age.and_then(|age| at.checked_sub(age + travelled));
            let arrival = Arrival {
                at,
                travelled,
                scanned,
            };
            self.with_inbox(|inbox| inbox.event(uid, &event, arrival));
        } else {
            // Left over from a release that failed. While it stands, publishers hear `ok`.
            self.unsubscribe_unheld(uid);
        }
    }

    fn unsubscribe_unheld(self: &Arc<Self>, uid: Uid) {
        let redis = Arc::clone(self);
        tokio::spawn(async move {
            redis.give_back(uid).await;
        });
    }

    /// Whatever was subscribed is gone with a connection, and what was said meanwhile with it.
    async fn watch_connection(self: Arc<Self>) {
        let mut reconnects = self.link.subscriber.reconnect_rx();
        // The subscriber sends no commands that a moved slot would answer; the others do.
        let mut changes = self.link.commands.cluster_change_rx();
        let mut own_changes = self.link.subscriber.cluster_change_rx();
        loop {
            let (change, reason) = tokio::select! {
                again = reconnects.recv() => (again.map(drop), Reason::Reconnected),
                change = changes.recv() => (change.map(drop), Reason::Moved),
                change = own_changes.recv() => (change.map(drop), Reason::Moved),
            };
            if matches!(change, Err(RecvError::Closed)) {
                return;
            }
            self.resync.call(reason);
        }
    }

    /// Has the script at hand where pushes come: those that had to be sent a second time would be
    /// overtaken by later ones.
    pub(super) async fn load_publish(&self) {
        if let Err(error) = self.scripts.publish.load(&self.link.pushes).await {
            tracing::debug!(%error, "could not load a script ahead of its use");
        }
    }

    async fn keep_publish_loaded(self: Arc<Self>) {
        let mut reconnects = self.link.pushes.reconnect_rx();
        while !matches!(reconnects.recv().await, Err(RecvError::Closed)) {
            self.replicas.are_connected_anew();
            self.load_publish().await;
        }
    }

    /// Renews a held session, or registers it again. False where it is held no more, or where
    /// somebody else has taken the uid since.
    pub(super) async fn restore(&self, uid: Uid) -> Result<bool, BrokerError> {
        let Some((facts, state, last)) = self.held.known(uid) else {
            return Ok(false);
        };
        let arguments = vec![
            facts.ticket.clone(),
            facts.key.clone(),
            facts.action.clone(),
            facts.ends.to_string(),
            state.to_owned(),
            String::new(),
            self.node.clone(),
            HELD.as_millis().to_string(),
            last.to_string(),
            self.retention.grace.as_millis().to_string(),
        ];
        let keys = self.keys.record_and_tombstone(uid);
        let restore = &self.scripts.restore;
        let mut answer = Answer::of(self.link.call(restore, keys, arguments).await?);
        if answer.word() == "lost" {
            self.with_inbox(|inbox| inbox.ended(uid));
            return Ok(false);
        }
        Ok(true)
    }

    /// Renews what is held, long before it would end.
    async fn renew(self: Arc<Self>) {
        loop {
            tokio::time::sleep(HELD / 3).await;
            for uid in self.held.all() {
                if let Err(error) = self.restore(uid).await {
                    tracing::debug!(%error, field = node_field(&self.node), "could not renew");
                }
            }
        }
    }
}
