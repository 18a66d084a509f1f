//! What this node knows of the uids that it holds: how often, and enough of each session to put it
//! on record again at a Redis that came back empty.

use std::collections::{HashMap, HashSet, hash_map};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::broker::census::Census;
use crate::session::{EventId, State, Uid};

/// Held uids, and a turn for each to subscribe or unsubscribe in.
#[derive(Debug)]
pub(super) struct HeldUids {
    uids: Mutex<HashMap<Uid, Entry>>,
    turns: Vec<tokio::sync::Mutex<()>>,
    /// Held no more, but Redis does not know yet.
    owed: Mutex<HashSet<Uid>>,
}

#[derive(Debug)]
struct Entry {
    times: u32,
    facts: Arc<Facts>,
    /// `waiting`, `scanned` or `done`, as events tell.
    state: &'static str,
    /// The newest event that came by.
    last: EventId,
}

/// A session as it was when it was held last.
#[derive(Debug)]
pub(super) struct Facts {
    pub ticket: String,
    pub key: String,
    pub action: String,
    /// Redis milliseconds at which the code ends; 0 for none.
    pub ends: i64,
}

impl Facts {
    fn has_expired(&self, now: i64) -> bool {
        0 < self.ends && self.ends <= now
    }
}

const TURNS: usize = 256;
/// Uids that are remembered as owed; further ones end by themselves, only later.
const MOST_OWED: usize = 100_000;

/// The states of a session at Redis, in their order.
const STATES: [&str; 3] = ["waiting", "scanned", "done"];

impl Default for HeldUids {
    fn default() -> Self {
        Self {
            uids: Mutex::default(),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
            owed: Mutex::default(),
        }
    }
}

impl HeldUids {
    /// Nobody else subscribes or unsubscribes this uid meanwhile.
    pub async fn turn(&self, uid: Uid) -> tokio::sync::MutexGuard<'_, ()> {
        self.turns[uid.get() as usize % TURNS].lock().await
    }

    /// Counts a hold; true for the first.
    pub fn add(&self, uid: Uid, facts: Facts, state: &str, newest: EventId) -> bool {
        let facts = Arc::new(facts);
        let state = STATES.into_iter().find(|known| *known == state);
        let state = state.unwrap_or(STATES[0]);
        let mut uids = self.uids.lock();
        match uids.entry(uid) {
            hash_map::Entry::Vacant(place) => {
                place.insert(Entry {
                    times: 1,
                    facts,
                    state,
                    last: newest,
                });
                true
            }
            hash_map::Entry::Occupied(mut place) => {
                let entry = place.get_mut();
                entry.times += 1;
                entry.facts = facts;
                entry.state = state;
                false
            }
        }
    }

    /// Gives a hold back; true for the last.
    pub fn remove(&self, uid: Uid) -> bool {
        let mut uids = self.uids.lock();
        let Some(entry) = uids.get_mut(&uid) else {
            return false;
        };
        entry.times -= 1;
        let last = entry.times == 0;
        if last {
            uids.remove(&uid);
        }
        last
    }

    /// Notes an event that came by, with its mark; false where the uid is not held.
    pub fn passed(&self, uid: Uid, id: EventId, mark: u8) -> bool {
        let mut uids = self.uids.lock();
        let Some(entry) = uids.get_mut(&uid) else {
            return false;
        };
        entry.last = entry.last.max(id);
        match mark {
            b's' => entry.state = STATES[1],
            b'd' => entry.state = STATES[2],
            _ => {}
        }
        true
    }

    /// Notes that Redis does not know yet that this uid is held no more.
    pub fn owe(&self, uid: Uid) {
        let mut owed = self.owed.lock();
        if owed.len() < MOST_OWED {
            owed.insert(uid);
        }
    }

    /// What is owed; from now on it is not.
    pub fn owed(&self) -> HashSet<Uid> {
        std::mem::take(&mut self.owed.lock())
    }

    pub fn is_held(&self, uid: Uid) -> bool {
        self.uids.lock().contains_key(&uid)
    }

    /// What is known of a held uid: its facts, its state, the newest event that came by.
    pub fn known(&self, uid: Uid) -> Option<(Arc<Facts>, &'static str, EventId)> {
        let uids = self.uids.lock();
        let entry = uids.get(&uid)?;
        Some((Arc::clone(&entry.facts), entry.state, entry.last))
    }

    /// Counts the held sessions by state; `now` in Redis milliseconds.
    pub fn census(&self, now: i64) -> Census {
        let mut census = Census::default();
        for entry in self.uids.lock().values() {
            census.count(match entry.state {
                "done" => State::Done,
                "scanned" => State::Scanned,
                _ if entry.facts.has_expired(now) => State::Expired,
                _ => State::Waiting,
            });
        }
        census
    }

    pub fn all(&self) -> Vec<Uid> {
        self.uids.lock().keys().copied().collect()
    }
}
