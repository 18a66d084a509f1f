//! The life of sessions, as it can be told afterwards: what happened to a uid, when, at which node.
//!
//! One call where something that matters happens, [`Timeline::note`]. It is remembered at the broker,
//! for a while, becomes a line of the log, and where that is wanted a span of a trace. Nobody waits for
//! that: moments go into queues with a bound, each of which one task of the node empties. Of what comes
//! often each second has its share at the broker, and the rest is counted and forgotten; so is what finds
//! a queue full.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use prometheus::IntCounter;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, TimelineBounds};
use crate::clock::unix_time;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::outbound::RootsError;
use crate::session::Uid;

mod budget;
mod entry;
mod lines;
mod moment;
mod span;
mod traces;

use budget::Budget;
pub use entry::{Entry, in_order};
use lines::Lines;
pub use moment::{Id, Moment, Word};
use traces::Traces;

/// What one node notes of the life of sessions.
#[derive(Debug)]
pub struct Timeline {
    bounds: TimelineBounds,
    queue: Sender<Note>,
    queued: tokio::sync::Mutex<Receiver<Note>>,
    /// What is remembered of what comes often.
    often: Budget,
    lines: Lines,
    traces: Option<Traces>,
    recorded: IntCounter,
    sampled_out: IntCounter,
    dropped: IntCounter,
}

#[derive(Debug, Clone)]
struct Note {
    uid: Uid,
    /// When it began, since 1970 by this node's clock.
    at: Duration,
    ms: f64,
    moment: Moment,
}

/// Moments that may wait to be remembered.
const MOST_WAITING: usize = 8192;
/// Moments that are taken from the queue at a time.
const BATCH: usize = 512;
/// Sessions whose moments are on their way to the broker at a time.
const AT_A_TIME: usize = 32;
/// How long a node that goes sees to what still waits.
pub(crate) const LAST_WAIT: Duration = Duration::from_secs(2);

impl Timeline {
    /// Nothing has happened yet.
    pub fn new(config: &Config, metrics: &Metrics) -> Result<Arc<Self>, RootsError> {
        let rules = &config.timeline;
        let (queue, queued) = mpsc::channel(MOST_WAITING);
        let moments = &metrics.timeline_moments_total;
        Ok(Arc::new(Self {
            bounds: TimelineBounds {
                entries: rules.entries,
                life: rules.life,
            },
            queue,
            queued: tokio::sync::Mutex::new(queued),
            often: Budget::new(rules.per_second),
            lines: Lines::new(config.log.per_second),
            traces: Traces::new(&config.trace, metrics)?,
            recorded: moments.with_label_values(&["recorded"]),
            sampled_out: moments.with_label_values(&["sampled_out"]),
            dropped: moments.with_label_values(&["dropped"]),
        }))
    }

    /// Something happens now.
    pub fn note_now(&self, uid: Uid, moment: Moment) {
        let now = Instant::now();
        self.note(uid, now..now, moment);
    }

    /// Something has happened, and took this time.
    pub fn note(&self, uid: Uid, time: Range<Instant>, moment: Moment) {
        self.lines.tell(uid, &time, &moment);
        let is_remembered = self.bounds.entries > 0 && self.has_room_for(&moment, time.end);
        let traces = self.traces.as_ref().filter(|traces| traces.wants(uid));
        if !is_remembered && traces.is_none() {
            return;
        }
        let note = Note {
            uid,
            at: unix_time().saturating_sub(time.start.elapsed()),
            ms: length(&time),
            moment,
        };
        if let Some(traces) = traces {
            traces.take(note.clone());
        }
        if is_remembered && self.queue.try_send(note).is_err() {
            self.dropped.inc();
        }
    }

    /// Whether this second has room for a moment of its kind.
    fn has_room_for(&self, moment: &Moment, now: Instant) -> bool {
        let has_room = !moment.comes_often() || self.often.take(now);
        if !has_room {
            self.sampled_out.inc();
        }
        has_room
    }

    /// How much is remembered of a session.
    pub fn bounds(&self) -> TimelineBounds {
        self.bounds
    }

    /// Brings what is noted to the broker and to the traces, until `over`; one task of the node's.
    pub async fn keep(self: Arc<Self>, broker: Broker, over: CancellationToken) {
        let traces = async {
            if let Some(traces) = &self.traces {
                traces.export(&broker, &over).await;
            }
        };
        tokio::join!(self.record(&broker, &over), traces);
    }

    async fn record(&self, broker: &Broker, over: &CancellationToken) {
        let mut queued = self.queued.lock().await;
        let mut notes = Vec::new();
        loop {
            tokio::select! {
                _ = queued.recv_many(&mut notes, BATCH) => {}
                () = over.cancelled() => return,
            }
            self.remember(broker, notes.drain(..)).await;
        }
    }

    /// After that: brings what still waits.
    pub async fn keep_the_rest(&self, broker: &Broker) {
        let traces = async {
            if let Some(traces) = &self.traces {
                traces.export_the_rest(broker).await;
            }
        };
        let rest = async { tokio::join!(self.record_the_rest(broker), traces) };
        if timeout(LAST_WAIT, rest).await.is_err() {
            tracing::warn!("could not bring all moments to where they are kept in time");
        }
    }

    async fn record_the_rest(&self, broker: &Broker) {
        let mut queued = self.queued.lock().await;
        while !queued.is_empty() {
            let mut notes = Vec::new();
            queued.recv_many(&mut notes, BATCH).await;
            self.remember(broker, notes.into_iter()).await;
        }
    }

    async fn remember(&self, broker: &Broker, notes: impl Iterator<Item = Note>) {
        let (node, ahead) = (broker.name(), broker.clock_ahead_millis() as f64);
        let mut by_uid: HashMap<Uid, (Vec<String>, bool)> = HashMap::new();
        for note in notes {
            let entry = Entry {
                at: millis(note.at) + ahead,
                node: node.clone(),
                ms: note.ms,
                moment: note.moment,
            };
            let text = serde_json::to_string(&entry).expect("plain data");
            let (moments, was_session) = by_uid.entry(note.uid).or_default();
            moments.push(text);
            *was_session |= entry.moment.shows_session();
        }
        stream::iter(by_uid)
            .for_each_concurrent(AT_A_TIME, async |(uid, (moments, was_session))| {
                let many = moments.len() as u64;
                let remembered = broker.remember(uid, moments, was_session, self.bounds);
                match remembered.await {
                    Ok(true) => self.recorded.inc_by(many),
                    // Of a uid that nobody knows nothing is remembered.
                    Ok(false) => {}
                    Err(error) => {
                        tracing::debug!(%error, "could not remember moments");
                        self.dropped.inc_by(many);
                    }
                }
            })
            .await;
    }
}

/// A span in milliseconds, to the microsecond.
pub fn millis(span: Duration) -> f64 {
    span.as_micros() as f64 / 1000.0
}

fn length(time: &Range<Instant>) -> f64 {
    millis(time.end.saturating_duration_since(time.start))
}
