//! A connection that holds a uid, and how far it has come with the events of that uid.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::broker::Retained;
use crate::connection::{Connection, Sent, Then};
use crate::session::{EventId, Uid};

/// One holder of a uid.
#[derive(Debug)]
pub struct Listener {
    /// Which session.
    pub uid: Uid,
    /// Where its events go.
    pub connection: Arc<Connection>,
    /// Whether the page bound with `since`: it then gets event ids and notices.
    pub wants_ids: bool,
    cursor: Mutex<Cursor>,
}

#[derive(Debug)]
struct Cursor {
    /// The newest event that was sent, or that came before the page's time.
    last: EventId,
    phase: Phase,
    told_expired: bool,
}

/// Live events may come while retained ones are still being sent. They are not kept aside: it is
/// only noted that there are more to read, so that nothing is sent twice or out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    CatchingUp { missed: bool },
    Live,
    Retired,
}

/// What became of a live event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was sent, or nobody is there any more.
    Sent(Sent),
    /// It is not for now: sent before, or about to be read by the catching up.
    Left,
    /// It shows that something was missed: somebody has to see to the catching up.
    Behind,
}

impl Listener {
    /// A listener that has seen everything up to `last`, and is catching up from there.
    pub fn new(uid: Uid, connection: Arc<Connection>, wants_ids: bool, last: EventId) -> Arc<Self> {
        let cursor = Mutex::new(Cursor {
            last,
            phase: Phase::CatchingUp { missed: true },
            told_expired: false,
        });
        Arc::new(Self {
            uid,
            connection,
            wants_ids,
            cursor,
        })
    }

    /// The newest event sent.
    pub fn last(&self) -> EventId {
        self.cursor.lock().last
    }

    /// Sends nothing from now on, not even what is on its way; gives the newest event sent.
    pub fn retire(&self) -> EventId {
        let mut cursor = self.cursor.lock();
        cursor.phase = Phase::Retired;
        cursor.last
    }

    /// Sends a live event, unless it was sent before or is left to the catching up. Where it has to
    /// wait for the socket, `later` is asked for what is to happen when it has gone.
    pub fn deliver(&self, event: &Retained, later: impl FnOnce() -> Then) -> Delivery {
        let mut cursor = self.cursor.lock();
        match cursor.phase {
            Phase::CatchingUp { .. } => {
                cursor.phase = Phase::CatchingUp { missed: true };
                Delivery::Left
            }
            Phase::Live if event.before > cursor.last => {
                // The one before it was lost on the way: both are read from the broker.
                cursor.phase = Phase::CatchingUp { missed: true };
                Delivery::Behind
            }
            Phase::Live if event.id > cursor.last => {
                cursor.last = event.id;
                // Under the lock: the next event must not overtake this one.
                let frame = self.frame(event);
                Delivery::Sent(self.connection.send_with(frame, || Some(later())))
            }
            Phase::Live | Phase::Retired => Delivery::Left,
        }
    }

    /// Sends a retained event while catching up.
    pub fn replay(&self, event: &Retained) -> Sent {
        self.cursor.lock().last = event.id;
        self.connection.send(self.frame(event))
    }

    /// Goes live if nothing came since the last call; otherwise there is more to read.
    pub fn try_go_live(&self) -> bool {
        let mut cursor = self.cursor.lock();
        match cursor.phase {
            Phase::CatchingUp { missed: true } => {
                cursor.phase = Phase::CatchingUp { missed: false };
                false
            }
            _ => {
                cursor.phase = Phase::Live;
                true
            }
        }
    }

    /// Live events may have been lost: from now on it is catching up. True where somebody has to see
    /// to that; who is catching up already will see it.
    pub fn fall_behind(&self) -> bool {
        let mut cursor = self.cursor.lock();
        let was_live = cursor.phase == Phase::Live;
        if cursor.phase != Phase::Retired {
            cursor.phase = Phase::CatchingUp { missed: true };
        }
        was_live
    }

    /// True the first time only: the page is to be told that its code has expired.
    pub fn tell_expired(&self) -> bool {
        self.wants_ids && !std::mem::replace(&mut self.cursor.lock().told_expired, true)
    }

    fn frame(&self, event: &Retained) -> Bytes {
        if self.wants_ids {
            event.frame_with_id()
        } else {
            event.frame.clone()
        }
    }
}
