//! The way from Redis to this node's pages: a sharded channel for each held uid, one task that takes
//! the messages, and a resync whenever some may have been lost.

use std::sync::Arc;

use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::{Message, Value};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use super::link::failure;
use super::{Answer, Facts, HELD, Redis, node_field};
use crate::broker::{BrokerError, Claim, Held, Retained};
use crate::session::{EventId, Uid};

/// What ends a session, in place of an event.
const ENDED: &[u8] = b"ended";

/// Uids that are resynced at a time.
const RESYNCS: usize = 128;

impl Redis {
    /// The tasks of the membership; each ends with `stop`.
    pub(super) fn start_tasks(self: &Arc<Self>) {
        let resync = Arc::new(Notify::new());
        self.spawn(Self::take_messages(Arc::clone(self), Arc::clone(&resync)));
        self.spawn(Self::watch_connection(
            Arc::clone(self),
            Arc::clone(&resync),
        ));
        self.spawn(Self::resync_on(Arc::clone(self), Arc::clone(&resync)));
        self.spawn(Self::sing(Arc::clone(self), resync));
        self.spawn(Self::renew(Arc::clone(self)));
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

    pub(in crate::broker) async fn hold(&self, claim: Claim<'_>) -> Result<Held, BrokerError> {
        let uid = claim.uid;
        let ticket = claim.ticket.expose();
        let key = claim.key.map(|key| key.expose()).unwrap_or_default();
        let arguments = vec![
            ticket.to_owned(),
            key.clone(),
            u8::from(claim.register).to_string(),
            self.node.clone(),
            HELD.as_millis().to_string(),
        ];
        let _turn = self.held.turn(uid).await;
        let keys = self.keys.record(uid);
        let mut answer = Answer::of(self.link.call(&self.scripts.hold, keys, arguments).await?);
        match answer.word().as_str() {
            "held" => {}
            "unknown" => return Ok(Held::Unknown),
            "mismatch" => return Ok(Held::Mismatch),
            _ => return Err(BrokerError::Unavailable),
        }
        let newest: EventId = answer.word().parse().unwrap_or_default();
        let action = answer.word();
        let ends = answer.number();
        let state = answer.word();
        let now = answer.number();
        let code_remaining = (state == "waiting" && ends > 0)
            .then(|| std::time::Duration::from_millis((ends - now).max(0).unsigned_abs()));
        let facts = Facts {
            ticket: ticket.to_owned(),
            key,
            action,
            ends,
            state,
        };
        if self.held.add(uid, facts, newest)
            && let Err(error) = self.subscribe(uid).await
        {
            self.held.remove(uid);
            return Err(error);
        }
        Ok(Held::Yes {
            newest,
            code_remaining,
        })
    }

    pub(in crate::broker) fn release(self: &Arc<Self>, uid: Uid) {
        let redis = Arc::clone(self);
        // Bounded by the connections that end; each waits for its turn and two answers at most.
        tokio::spawn(async move {
            let _turn = redis.held.turn(uid).await;
            if redis.held.remove(uid)
                && let Err(error) = redis.let_go(uid).await
            {
                // The session ends by itself, only later.
                tracing::debug!(%error, "could not give a uid back");
            }
        });
    }

    async fn let_go(&self, uid: Uid) -> Result<(), BrokerError> {
        let channel = self.keys.channel(uid);
        self.link
            .subscriber
            .sunsubscribe(channel)
            .await
            .map_err(failure)?;
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

    async fn subscribe(&self, uid: Uid) -> Result<(), BrokerError> {
        let channel = self.keys.channel(uid);
        if !self.link.subscriber.is_connected() {
            return Err(BrokerError::Unavailable);
        }
        // One channel a call: with several fred mixes up the replies.
        self.link
            .subscriber
            .ssubscribe(channel)
            .await
            .map_err(failure)
    }

    /// Takes messages and does nothing else, so that few are ever lost for its slowness.
    async fn take_messages(self: Arc<Self>, resync: Arc<Notify>) {
        let mut messages = self.link.subscriber.message_rx();
        loop {
            match messages.recv().await {
                Ok(message) => self.take(message),
                Err(RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "messages of Redis came faster than they were taken");
                    resync.notify_one();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    fn take(&self, message: Message) {
        let Some(uid) = self.keys.uid_of(&message.channel) else {
            self.hear_canary(&message);
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
        let Some(space) = text.iter().position(|byte| *byte == b' ') else {
            return;
        };
        let id = std::str::from_utf8(&text[..space]).ok();
        let Some(id) = id.and_then(|id| id.parse().ok()) else {
            return;
        };
        if self.held.passed(uid, id) {
            let event = Retained::new(id, &text[space + 1..]);
            self.with_inbox(|inbox| inbox.event(uid, &event));
        }
    }

    /// Whatever was subscribed is gone with a connection, and what was said meanwhile with it.
    async fn watch_connection(self: Arc<Self>, resync: Arc<Notify>) {
        let mut reconnects = self.link.subscriber.reconnect_rx();
        let mut changes = self.link.subscriber.cluster_change_rx();
        loop {
            tokio::select! {
                reconnect = reconnects.recv() => if matches!(reconnect, Err(RecvError::Closed)) {
                    return;
                },
                change = changes.recv() => if matches!(change, Err(RecvError::Closed)) {
                    return;
                },
            }
            resync.notify_one();
        }
    }

    async fn resync_on(self: Arc<Self>, resync: Arc<Notify>) {
        loop {
            resync.notified().await;
            self.resync().await;
        }
    }

    /// Puts every held uid on record again where it is missing, subscribes it again, and has its
    /// pages read what they missed.
    async fn resync(self: &Arc<Self>) {
        let uids = self.held.all();
        let many = uids.len();
        let mut under_way = JoinSet::new();
        let mut failed = 0u32;
        for uid in uids {
            if under_way.len() >= RESYNCS
                && let Some(Ok(Err(_))) = under_way.join_next().await
            {
                failed += 1;
            }
            let redis = Arc::clone(self);
            under_way.spawn(async move { redis.resync_one(uid).await });
        }
        while let Some(done) = under_way.join_next().await {
            failed += u32::from(matches!(done, Ok(Err(_))));
        }
        if many > 0 {
            tracing::info!(uids = many, failed, "resynced with Redis");
        }
    }

    async fn resync_one(&self, uid: Uid) -> Result<(), BrokerError> {
        let _turn = self.held.turn(uid).await;
        if self.restore(uid).await? {
            self.subscribe(uid).await?;
            self.with_inbox(|inbox| inbox.missed(uid));
        }
        Ok(())
    }

    /// Renews a held session, or registers it again. False where it is held no more, or where
    /// somebody else has taken the uid since.
    pub(super) async fn restore(&self, uid: Uid) -> Result<bool, BrokerError> {
        let Some((facts, last)) = self.held.facts(uid) else {
            return Ok(false);
        };
        let arguments = vec![
            facts.ticket.clone(),
            facts.key.clone(),
            facts.action.clone(),
            facts.ends.to_string(),
            facts.state.clone(),
            String::new(),
            self.node.clone(),
            HELD.as_millis().to_string(),
            last.to_string(),
        ];
        let keys = self.keys.record(uid);
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
