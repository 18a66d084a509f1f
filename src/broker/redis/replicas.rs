//! Waits until replicas have what was written, for installations whose `ok` shall survive a failover.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fred::clients::Client;
use fred::interfaces::{ClientLike, ClusterInterface, ServerInterface};
use fred::types::config::{Options, Server};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::tally::{Outcome, Tally};
use crate::broker::BrokerError;
use crate::metrics::Metrics;

/// The replicas of each primary.
#[derive(Debug)]
pub(super) struct Replicas {
    /// How many must have a push; 0 for none.
    needed: u32,
    tally: Tally,
    barriers: Mutex<HashMap<Option<Server>, Arc<Barrier>>>,
    /// How often their connection was a new one: `WAIT` knows only what was written over its own.
    connection: AtomicU64,
}

/// A write that is to begin, and the connection that it will go over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Write {
    connection: u64,
}

/// One `WAIT` at a time for a primary: it serves everybody whose write was answered before it began.
#[derive(Debug, Default)]
struct Barrier {
    begun: AtomicU64,
    last: tokio::sync::Mutex<Last>,
}

/// The `WAIT` that ended last.
#[derive(Debug, Default)]
struct Last {
    number: u64,
    replicas: u32,
}

/// How long replicas are waited for; with the push itself it stays under the 2 s of every answer.
const PATIENCE: Duration = Duration::from_millis(800);

impl Replicas {
    pub fn new(needed: u32, metrics: &Metrics) -> Self {
        Self {
            needed,
            tally: Tally::of("wait", metrics),
            barriers: Mutex::default(),
            connection: AtomicU64::new(0),
        }
    }

    /// Notes that a connection of theirs is a new one.
    pub fn are_connected_anew(&self) {
        self.connection.fetch_add(1, Ordering::SeqCst);
    }

    /// To be said before a write that they are waited for after.
    pub fn begin(&self) -> Write {
        let connection = self.connection.load(Ordering::SeqCst);
        Write { connection }
    }

    /// Ready when enough replicas have what `client` has [begun](Self::begin) since, and was answered, for
    /// `key`; otherwise nobody knows what a failover would leave of it.
    pub async fn wait(&self, write: Write, client: &Client, key: &str) -> Result<(), BrokerError> {
        if self.needed == 0 {
            return Ok(());
        }
        let primary = primary_of(client, key);
        let barrier = Arc::clone(self.barriers.lock().entry(primary.clone()).or_default());
        // Boxed, for the futures of most pushes, which need no replica, shall not carry it.
        let replicas = Box::pin(barrier.pass(client, primary, self)).await?;
        let is_same = self.begin().connection == write.connection;
        if replicas >= self.needed && is_same {
            Ok(())
        } else {
            Err(BrokerError::Silent)
        }
    }
}

impl Barrier {
    async fn pass(
        &self,
        client: &Client,
        primary: Option<Server>,
        all: &Replicas,
    ) -> Result<u32, BrokerError> {
        // The one under way may have begun before our write.
        let ours = self.begun.load(Ordering::SeqCst) + 1;
        let mut last = self.last.lock().await;
        if last.number >= ours {
            return Ok(last.replicas);
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let options = Options {
            cluster_node: primary,
            ..Options::default()
        };
        let asked = Instant::now();
        let replicas: Result<u32, _> = client
            .with_options(&options)
            .wait(all.needed.into(), PATIENCE.as_millis() as i64)
            .await;
        let outcome = match &replicas {
            Ok(replicas) if *replicas < all.needed => Outcome::Silent,
            answer => Outcome::of(answer),
        };
        all.tally.count(outcome, asked.elapsed());
        // Whatever became of the `WAIT`, the write before it was done.
        let replicas = replicas.map_err(|error| {
            tracing::debug!(%error, "could not wait for replicas");
            BrokerError::Silent
        })?;
        *last = Last { number, replicas };
        Ok(replicas)
    }
}

/// The primary that holds `key`; None where there is only one.
fn primary_of(client: &Client, key: &str) -> Option<Server> {
    let slots = client.cached_cluster_state()?;
    slots
        .get_server(fred::util::redis_keyslot(key.as_bytes()))
        .cloned()
}
