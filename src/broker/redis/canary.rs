//! Proves the subscription path: each second the node says something to itself, and expects it back.
//! A connection that looks alive but carries nothing is found out by its silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fred::interfaces::{ClientLike, PubsubInterface};
use fred::types::Message;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::resync::Reason;
use super::{Answer, Redis, unix_millis};
use crate::broker::BrokerError;

/// What was heard of the canary.
#[derive(Debug)]
pub(super) struct Canary {
    /// The number of its last song.
    song: AtomicU64,
    at: Mutex<Instant>,
}

/// How often it sings.
const BEAT: Duration = Duration::from_secs(1);
/// How many songs may be missed before the connection is given up.
const MISSES: u32 = 2;

impl Canary {
    /// It sings its first song soon.
    pub fn new() -> Self {
        Self {
            song: AtomicU64::new(0),
            at: Mutex::new(Instant::now()),
        }
    }

    fn hear(&self, song: u64) {
        self.song.store(song, Ordering::Relaxed);
        *self.at.lock() = Instant::now();
    }

    /// How long ago it was heard last.
    pub fn heard_ago(&self) -> Duration {
        self.at.lock().elapsed()
    }
}

impl Redis {
    /// Sings for ever. What was missed while it was silent is resynced.
    pub(super) async fn sing(self: Arc<Self>) {
        let channel = self.keys.own_channel(&self.node);
        let mut song = 0u64;
        let mut missed = 0u32;
        let mut subscribed = false;
        loop {
            tokio::time::sleep(BEAT).await;
            if !self.link.commands.is_connected() {
                // Everybody knows; the reconnect brings the resync.
                missed = 0;
                continue;
            }
            if !subscribed || missed > 0 {
                let again = self.link.subscriber.ssubscribe(channel.clone());
                subscribed = self.plain.ssubscribe.watch(again).await.is_ok();
            }
            song += 1;
            if self.sing_once(&channel, song).await.is_err() {
                continue;
            }
            tokio::time::sleep(BEAT / 2).await;
            if self.canary.song.load(Ordering::Relaxed) == song {
                missed = 0;
                continue;
            }
            missed += 1;
            if missed >= MISSES {
                tracing::warn!("the subscriptions are silent; connecting anew");
                missed = 0;
                let _ = self.link.subscriber.force_reconnection().await;
                self.resync.call(Reason::Canary);
            }
        }
    }

    /// On the node's own channel comes its song, a number, and what is said to all nodes, an object.
    pub(super) fn hear_own(&self, message: &Message) {
        if let Some(song) = message.value.as_u64() {
            self.canary.hear(song);
        } else if let Some(text) = message.value.as_str() {
            self.with_inbox(|inbox| {
                inbox.told(&text);
            });
        }
    }

    /// Says it, and learns how far Redis's clock is ahead of ours.
    async fn sing_once(&self, channel: &str, song: u64) -> Result<(), BrokerError> {
        let asked = Instant::now();
        let before = unix_millis();
        let keys = vec![channel.to_owned()];
        let answer = self
            .link
            .call(&self.scripts.sing, keys, vec![song.to_string()])
            .await?;
        let here = before + (asked.elapsed() / 2).as_millis() as i64;
        let there = Answer::of(answer).number();
        self.clock_ahead.store(there - here, Ordering::Relaxed);
        Ok(())
    }
}
