//! The fact that a connection holds a uid; dropping it gives the uid back.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Hub;
use crate::broker::BrokerError;
use crate::connection::{Sent, Socket};
use crate::ending::Ending;
use crate::frame;
use crate::listener::Listener;
use crate::session::{EventId, Mark, Uid};
use crate::timeline::{Id, Moment};

/// A held uid.
#[derive(Debug)]
pub struct Binding {
    pub(super) hub: Arc<Hub>,
    pub(super) listener: Arc<Listener>,
    pub(super) mark: Mark,
    /// Whether it has not caught up yet.
    pub(super) is_new: bool,
    /// Whether the page named an event that we never issued.
    pub(super) names_stranger: bool,
    /// When the code can be scanned no more, where it still could be at the bind.
    pub(super) code_ends: Option<Instant>,
}

/// Events read from the broker at a time while catching up.
const BATCH: usize = 16;

/// How long a page may take over one retained event.
const PATIENCE: Duration = Duration::from_secs(10);

impl Binding {
    /// Which session.
    pub fn uid(&self) -> Uid {
        self.listener.uid
    }

    /// Which session of that uid.
    pub fn session(&self) -> (Uid, Mark) {
        (self.listener.uid, self.mark)
    }

    /// Gives the uid back; the newest event that the page was sent.
    pub fn retire(self) -> EventId {
        self.listener.retire()
    }

    /// Sends what the page has missed, as fast as it reads, and then lets live
    /// events through. A page that goes away meanwhile is no error: its socket tells.
    pub async fn catch_up(&mut self, socket: &mut Socket) -> Result<(), BrokerError> {
        let listener = &self.listener;
        let is_new = std::mem::take(&mut self.is_new);
        let mut gap = std::mem::take(&mut self.names_stranger);
        let (mut events, mut newest) = (0, EventId::START);
        // The first look clears the mark that there is something to read.
        while !listener.try_go_live() {
            loop {
                let after = listener.last();
                let replay = self.hub.broker.replay(listener.uid, after, BATCH).await;
                // What could not be read is still missing: the next look must not take it for read.
                let replay = replay.inspect_err(|_| {
                    listener.fall_behind();
                })?;
                if replay.gone && is_new {
                    // It was ended while we were about to hold it, and nobody could tell us. (Later on
                    // a broker that has lost its data gets it back from its nodes.)
                    socket.connection().end(Ending::Withdrawn);
                    return Ok(());
                }
                if (replay.gap || std::mem::take(&mut gap)) && listener.wants_ids {
                    self.hub.metrics.gaps_total.inc();
                    self.hub.timeline.note_now(listener.uid, Moment::Gap);
                    socket
                        .connection()
                        .send(frame::text_frame(br#"{"cmd":"gap"}"#));
                }
                if replay.events.is_empty() {
                    break;
                }
                for event in &replay.events {
                    // The queue is for live events: what is retained waits here instead.
                    if listener.replay(event) != Sent::Written && !socket.drained(PATIENCE).await {
                        return Ok(());
                    }
                    self.hub.metrics.events_replayed_total.inc();
                    (events, newest) = (events + 1, event.id);
                }
            }
        }
        if events > 0 {
            let event = Id(newest);
            let moment = Moment::Replayed { events, event };
            self.hub.timeline.note_now(listener.uid, moment);
        }
        if let Some(code_ends) = self.code_ends.filter(|_| listener.wants_ids) {
            self.hub.codes.push(code_ends, listener.uid);
        }
        Ok(())
    }
}

impl Drop for Binding {
    fn drop(&mut self) {
        self.listener.retire();
        self.hub.registry.remove(&self.listener);
        self.hub.broker.release(self.listener.uid);
    }
}
