//! The resync: whenever messages may have been lost, held uids are put on record again where they are
//! missing, subscribed again, and their pages read what they missed.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounter;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};

use super::Redis;
use crate::broker::BrokerError;
use crate::metrics::Metrics;
use crate::session::Uid;

/// Calls for the resync of all that is held.
#[derive(Debug)]
pub(super) struct Resync {
    called: Notify,
    lag: IntCounter,
    reconnected: IntCounter,
    moved: IntCounter,
    canary: IntCounter,
    audit: IntCounter,
}

/// Why messages may have been lost.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// They came faster than they were taken.
    Lag,
    /// The subscriptions went with their connection.
    Reconnected,
    /// A Cluster has moved slots.
    Moved,
    /// The subscriptions were silent.
    Canary,
    /// The audit found one uid that is not subscribed, or behind.
    Audit,
}

/// Uids that are resynced at a time.
const RESYNCS: usize = 128;

/// After which those are tried again whose resync failed.
const RESYNC_PAUSE: Duration = Duration::from_millis(200);

impl Resync {
    pub fn new(metrics: &Metrics) -> Self {
        let counter = |reason| metrics.redis_resyncs_total.with_label_values(&[reason]);
        Self {
            called: Notify::new(),
            lag: counter("lag"),
            reconnected: counter("reconnected"),
            moved: counter("moved"),
            canary: counter("canary"),
            audit: counter("audit"),
        }
    }

    /// Has everything resynced soon.
    pub fn call(&self, reason: Reason) {
        self.count(reason);
        self.called.notify_one();
    }

    /// Counts a reason.
    pub fn count(&self, reason: Reason) {
        match reason {
            Reason::Lag => self.lag.inc(),
            Reason::Reconnected => self.reconnected.inc(),
            Reason::Moved => self.moved.inc(),
            Reason::Canary => self.canary.inc(),
            Reason::Audit => self.audit.inc(),
        }
    }
}

impl Redis {
    /// Resyncs whenever it is called for, for ever.
    pub(super) async fn resync_on_call(self: Arc<Self>) {
        loop {
            self.resync.called.notified().await;
            self.listen_to_itself().await;
            if let Err(error) = self.restore_secret().await {
                tracing::debug!(%error, "could not restore the installation's secret");
            }
            let mut uids = self.held.all();
            let many = uids.len();
            while !uids.is_empty() {
                uids = self.resync_all(uids).await;
                if !uids.is_empty() {
                    tracing::debug!(left = uids.len(), "could not resync all, trying again");
                    // A shard that refuses for long must not keep the others from their next resync.
                    let called = self.resync.called.notified();
                    if tokio::time::timeout(RESYNC_PAUSE, called).await.is_ok() {
                        uids = self.held.all();
                    }
                }
            }
            if many > 0 {
                tracing::info!(uids = many, "resynced with Redis");
            }
        }
    }

    /// Gives those for which it failed.
    async fn resync_all(self: &Arc<Self>, uids: Vec<Uid>) -> Vec<Uid> {
        let mut failed = Vec::new();
        let mut under_way = JoinSet::new();
        for uid in uids {
            if under_way.len() >= RESYNCS {
                failed.extend(under_way.join_next().await.and_then(left_over));
            }
            let redis = Arc::clone(self);
            under_way.spawn(async move { (uid, redis.resync_one(uid).await) });
        }
        while let Some(done) = under_way.join_next().await {
            failed.extend(left_over(done));
        }
        failed
    }

    pub(super) async fn resync_one(&self, uid: Uid) -> Result<(), BrokerError> {
        let _turn = self.held.turn(uid).await;
        if !self.restore(uid).await? {
            return Ok(());
        }
        let subscribed = self.subscribe(uid).await;
        // What was missed so far can be read in any case.
        self.with_inbox(|inbox| inbox.missed(uid));
        subscribed
    }
}

/// A uid whose resync failed.
fn left_over(done: Result<(Uid, Result<(), BrokerError>), JoinError>) -> Option<Uid> {
    match done {
        Ok((uid, Err(_))) => Some(uid),
        _ => None,
    }
}
