//! Short notes under a name, each with a life: callbacks seen, counts of what is sent.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::broker::Counted;

#[derive(Debug, Default)]
pub(super) struct Notes {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    notes: HashMap<String, Note>,
    by_end: BinaryHeap<Reverse<(Instant, String)>>,
}

#[derive(Debug)]
struct Note {
    value: String,
    ends: Instant,
}

/// Notes kept at a time; beyond it the one that ends first goes early. Far more than the platform's
/// callbacks of eleven minutes.
const MOST_NOTES: usize = 1 << 20;

impl Notes {
    pub fn note_once(&self, name: &str, value: &str, life: Duration) -> bool {
        let mut inner = self.inner.lock();
        inner.forget_expired();
        if inner.notes.contains_key(name) {
            return false;
        }
        inner.insert(name, value, life);
        true
    }

    pub fn note(&self, name: &str, value: &str, life: Duration) {
        let mut inner = self.inner.lock();
        inner.forget_expired();
        inner.insert(name, value, life);
    }

    pub fn forget(&self, name: &str, value: &str) {
        let mut inner = self.inner.lock();
        if inner
            .notes
            .get(name)
            .is_some_and(|note| note.value == value)
        {
            inner.notes.remove(name);
        }
    }

    /// A count is a note that is a number.
    pub fn count(&self, name: &str, life: Duration) -> Counted {
        let mut inner = self.inner.lock();
        inner.forget_expired();
        let Some(note) = inner.notes.get_mut(name) else {
            inner.insert(name, "1", life);
            return Counted {
                count: 1,
                remaining: life,
            };
        };
        let count = note.value.parse().unwrap_or(0) + 1;
        note.value = count.to_string();
        Counted {
            count,
            remaining: note.ends.saturating_duration_since(Instant::now()),
        }
    }

    pub fn noted(&self, name: &str) -> Option<String> {
        let mut inner = self.inner.lock();
        inner.forget_expired();
        inner.notes.get(name).map(|note| note.value.clone())
    }
}

impl Inner {
    fn insert(&mut self, name: &str, value: &str, life: Duration) {
        let ends = Instant::now() + life;
        if self.by_end.len() >= MOST_NOTES
            && let Some(Reverse((_, name))) = self.by_end.pop()
        {
            self.notes.remove(&name);
        }
        let note = Note {
            value: value.to_owned(),
            ends,
        };
        self.notes.insert(name.to_owned(), note);
        self.by_end.push(Reverse((ends, name.to_owned())));
    }

    /// Each verb clears what has ended, so that no timer is needed.
    fn forget_expired(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((ends, _))) = self.by_end.peek()
            && *ends <= now
        {
            let Some(Reverse((_, name))) = self.by_end.pop() else {
                return;
            };
            // A note written anew under the same name has a later end of its own.
            if self.notes.get(&name).is_some_and(|note| note.ends <= now) {
                self.notes.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_count_begins_anew() {
        let notes = Notes::default();
        let minute = Duration::from_secs(60);
        let count = || notes.count("a", minute);
        assert_eq!((count().count, count().count), (1, 2));
        tokio::time::advance(minute / 4).await;
        let counted = count();
        assert_eq!((counted.count, counted.remaining), (3, minute * 3 / 4));
        tokio::time::advance(minute).await;
        assert_eq!(count().count, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_note_lives_its_time() {
        let notes = Notes::default();
        let minute = Duration::from_secs(60);
        assert!(notes.note_once("a", "1", minute));
        assert!(!notes.note_once("a", "2", minute));
        assert_eq!(notes.noted("a").as_deref(), Some("1"));
        tokio::time::advance(minute / 2).await;
        notes.note("a", "3", minute);
        tokio::time::advance(minute / 2).await;
        assert_eq!(notes.noted("a").as_deref(), Some("3"));
        notes.forget("a", "another");
        assert_eq!(notes.noted("a").as_deref(), Some("3"));
        tokio::time::advance(minute / 2).await;
        assert!(notes.note_once("a", "4", minute));
        notes.forget("a", "4");
        assert_eq!(notes.noted("a"), None);
        assert!(notes.inner.lock().by_end.len() <= 2);
    }
}
