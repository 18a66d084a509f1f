//! Proves the paths to Redis: each second the node says something to itself, and expects it back.
//! A connection that looks alive but carries nothing is found out by its silence, and made anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use fred::interfaces::{ClientLike, PubsubInterface};
use fred::types::Message;
use parking_lot::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::resync::Reason;
use super::{Answer, Redis};
use crate::broker::BrokerError;

/// What was heard of the canary.
#[derive(Debug)]
pub(super) struct Canary {
    /// The number of its last song.
    song: AtomicU64,
    at: Mutex<Instant>,
    /// Songs in a row to which Redis said nothing at all.
    silences: AtomicU32,
}

/// How often it sings.
const BEAT: Duration = Duration::from_secs(1);
/// How many songs may be missed before a connection is given up.
const MISSES: u32 = 2;

impl Canary {
    /// It sings its first song soon.
    pub fn new() -> Self {
        Self {
            song: AtomicU64::new(0),
            at: Mutex::new(Instant::now()),
            silences: AtomicU32::new(0),
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

    /// Whether Redis has been silent for so long that nothing should be sent there.
    pub fn is_silent(&self) -> bool {
        self.silences.load(Ordering::Relaxed) >= MISSES
    }

    /// Counts a song without an answer; whether that is one too many.
    fn is_one_too_many(&self) -> bool {
        let silences = self.silences.fetch_add(1, Ordering::Relaxed) + 1;
        silences.is_multiple_of(MISSES)
    }
}

impl Redis {
    /// Hears itself from now on, and knows Redis's time.
    pub(super) async fn begin_to_sing(&self) {
        self.listen_to_itself().await;
        if let Err(error) = self.sing_once(0).await {
            tracing::debug!(%error, "could not learn the time of Redis yet");
        }
    }

    /// Sings for ever. What was missed while it was silent is resynced.
    pub(super) async fn sing(self: Arc<Self>) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut song, mut missed) = (0u64, 0u32);
        loop {
            beat.tick().await;
            if !self.link.commands.is_connected() {
                // Everybody knows; the reconnect brings the resync.
                self.canary.silences.store(0, Ordering::Relaxed);
                missed = 0;
                continue;
            }
            if missed > 0 {
                self.listen_to_itself().await;
            }
            song += 1;
            match self.sing_once(song).await {
                Ok(()) => self.canary.silences.store(0, Ordering::Relaxed),
                Err(BrokerError::Silent) => {
                    self.count_silence().await;
                    continue;
                }
                Err(_) => continue,
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
                self.link.connect_subscriber_anew();
                self.resync.call(Reason::Canary);
            }
        }
    }

    /// A host that has died without a word, or stands still, is not given up by the client library as
    /// long as something is written to it.
    async fn count_silence(&self) {
        if self.canary.is_one_too_many() {
            tracing::warn!("Redis answers nothing; connecting anew");
            self.link.connect_anew().await;
        }
    }

    /// Subscribes to the node's own channel.
    pub(super) async fn listen_to_itself(&self) {
        let channel = self.keys.own_channel(&self.node);
        let again = self.link.subscriber.ssubscribe(channel);
        if let Err(error) = self.plain.ssubscribe.watch(again).await {
            tracing::debug!(%error, "could not subscribe to the node's own channel");
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

    /// Says it, and learns Redis's time.
    async fn sing_once(&self, song: u64) -> Result<(), BrokerError> {
        let asked = Instant::now();
        let keys = vec![self.keys.own_channel(&self.node)];
        let sing = &self.scripts.sing;
        let answer = self.link.call(sing, keys, vec![song.to_string()]).await?;
        let told = Answer::of(answer).number();
        self.clock.learn(told, asked, Instant::now());
        Ok(())
    }
}
