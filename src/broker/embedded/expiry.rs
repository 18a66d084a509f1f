//! Forgets sessions in time, with one task and no timer for each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::pending;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::sessions::Sessions;
use crate::session::Uid;

/// Uids by the time at which they are to be looked at.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: Mutex<BinaryHeap<Reverse<(Instant, Uid)>>>,
    /// Rung when a new entry is due before all others.
    earlier: Notify,
}

impl Queue {
    pub fn push(&self, due: Instant, uid: Uid) {
        let mut heap = self.heap.lock();
        let first = heap.peek().is_none_or(|Reverse((next, _))| due < *next);
        heap.push(Reverse((due, uid)));
        if first {
            self.earlier.notify_one();
        }
    }

    pub fn pop_due(&self, now: Instant) -> Option<Uid> {
        let mut heap = self.heap.lock();
        let Reverse((due, uid)) = *heap.peek()?;
        if due > now {
            return None;
        }
        heap.pop();
        Some(uid)
    }

    pub fn next_due(&self) -> Option<Instant> {
        self.heap.lock().peek().map(|Reverse((due, _))| *due)
    }
}

/// Forgets what expires, until `stop`.
pub(super) async fn run(sessions: Arc<Sessions>, stop: CancellationToken) {
    loop {
        let next_due = sessions.expire();
        tokio::select! {
            () = stop.cancelled() => return,
            () = wait_until(next_due) => {}
            () = sessions.expiry.earlier.notified() => {}
        }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
