//! Things by the time at which they are due: one task sleeps until the next, none has a timer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::pending;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// A queue of things that are due at some time.
#[derive(Debug)]
pub struct Deadlines<T> {
    heap: Mutex<BinaryHeap<Reverse<(Instant, T)>>>,
    /// Rung when a new entry is due before all others.
    earlier: Notify,
}

impl<T: Ord> Deadlines<T> {
    /// Puts `thing` on the queue.
    pub fn push(&self, due: Instant, thing: T) {
        let mut heap = self.heap.lock();
        let first = heap.peek().is_none_or(|Reverse((next, _))| due < *next);
        heap.push(Reverse((due, thing)));
        if first {
            self.earlier.notify_one();
        }
    }

    /// Takes the next thing that is due by `now`.
    pub fn pop_due(&self, now: Instant) -> Option<T> {
        let mut heap = self.heap.lock();
        if heap.peek()?.0.0 > now {
            return None;
        }
        heap.pop().map(|Reverse((_, thing))| thing)
    }

    /// When the next thing is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.heap.lock().peek().map(|Reverse((due, _))| *due)
    }

    /// Waits until something may be due. One task at a time.
    pub async fn wait(&self) {
        let due = async {
            match self.next_due() {
                Some(due) => sleep_until(due).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = self.earlier.notified() => {}
        }
    }
}

impl<T: Ord> Default for Deadlines<T> {
    fn default() -> Self {
        Self {
            heap: Mutex::default(),
            earlier: Notify::new(),
        }
    }
}
