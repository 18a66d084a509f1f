//! The live nodes: each says every few seconds that it is there; one that falls silent is gone.

use std::sync::Arc;
use std::time::Duration;

use fred::interfaces::{HashesInterface, KeysInterface};
use fred::types::Value;
use tokio::time::timeout;

use super::Redis;
use super::tally::failure;
use crate::broker::{BrokerError, NodeView};

/// How often a node says that it is there.
const BEAT: Duration = Duration::from_secs(4);
/// Silence after which it is not.
const GONE: Duration = Duration::from_secs(12);
/// Silence after which it is taken off the list by one that starts.
const FORGOTTEN: Duration = Duration::from_secs(3600);
/// How long a node that leaves waits for Redis to take what it gives back.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(5);

impl Redis {
    pub(in crate::broker) fn name(&self) -> &str {
        &self.node
    }

    pub(in crate::broker) async fn nodes(&self) -> Result<Vec<NodeView>, BrokerError> {
        let listed = self.listed().await?.into_iter();
        let alive = listed.filter(|(silence, _)| *silence < GONE.as_millis() as i64);
        let mut nodes: Vec<NodeView> = alive.map(|(_, node)| node).collect();
        nodes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(nodes)
    }

    /// Every node on the list, with the milliseconds since it was heard of.
    async fn listed(&self) -> Result<Vec<(i64, NodeView)>, BrokerError> {
        let told = self.link.commands.hvals(self.keys.nodes());
        let told: Vec<String> = self.plain.hvals.watch(told).await?;
        let now = self.redis_millis();
        let read = |told: &String| {
            let mut words = told.splitn(3, ' ');
            let said: i64 = words.next()?.parse().ok()?;
            let connections = words.next()?.parse().ok()?;
            let name = words.next()?.to_owned();
            Some((now - said, NodeView { name, connections }))
        };
        Ok(told.iter().filter_map(read).collect())
    }

    /// Says for ever that this node is there.
    pub(super) async fn tell_of_itself(self: Arc<Self>) {
        if let Err(error) = self.forget_crashed().await {
            tracing::debug!(%error, "could not tidy the list of nodes");
        }
        loop {
            let mut connections = 0;
            self.with_inbox(|inbox| connections = inbox.connections());
            let told = format!("{} {connections} {}", self.redis_millis(), self.node);
            let _: Result<Value, _> = self
                .link
                .commands
                .hset(self.keys.nodes(), (self.node.as_str(), told))
                .await;
            let _: Result<Value, _> = self
                .link
                .commands
                .expire(self.keys.nodes(), 3600, None)
                .await;
            tokio::time::sleep(BEAT).await;
        }
    }

    pub(in crate::broker) fn leave(self: &Arc<Self>) {
        self.inbox.lock().take();
        self.stop.cancel();
        let redis = Arc::clone(self);
        self.returns.spawn(async move {
            if let Err(error) = redis.forget_node().await {
                tracing::debug!(%error, "could not take this node off the list");
            }
        });
        self.returns.close();
    }

    pub(in crate::broker) async fn has_left(&self) {
        if timeout(LAST_WORDS, self.returns.wait()).await.is_err() {
            let left = self.returns.len();
            tracing::warn!(left, "could not give everything back in time");
        }
    }

    /// Takes off the list who crashed long ago. Each start has a name of its own, so that a node
    /// that crashes again and again would fill it; and whoever is there after all says so soon.
    async fn forget_crashed(&self) -> Result<(), BrokerError> {
        let listed = self.listed().await?.into_iter();
        let crashed = listed.filter(|(silence, _)| *silence > FORGOTTEN.as_millis() as i64);
        let names: Vec<String> = crashed.map(|(_, node)| node.name).collect();
        if names.is_empty() {
            return Ok(());
        }
        let nodes = self.keys.nodes();
        self.link.commands.hdel(nodes, names).await.map_err(failure)
    }

    async fn forget_node(&self) -> Result<(), BrokerError> {
        self.link
            .commands
            .hdel(self.keys.nodes(), self.node.as_str())
            .await
            .map_err(failure)
    }
}
