//! All sessions on record, in shards with a lock each.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::record::Record;
use super::{NodeNumber, Retention};
use crate::broker::census::Census;
use crate::broker::{
    Claim, Held, Issued, NewSession, Published, Replay, Retained, Scanned, SessionView,
};
use crate::clock::unix_time;
use crate::deadlines::Deadlines;
use crate::message::Event;
use crate::session::{EventId, Ticket, Uid};

#[derive(Debug)]
pub(super) struct Sessions {
    shards: Vec<Mutex<HashMap<Uid, Box<Record>>>>,
    /// When sessions are to be looked at.
    pub expiry: Deadlines<Uid>,
    retention: Retention,
}

const SHARDS: usize = 64;

impl Sessions {
    pub fn new(retention: Retention) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            expiry: Deadlines::default(),
            retention,
        }
    }

    pub fn issue(&self, session: NewSession) -> Issued {
        let now = Instant::now();
        let uid = session.uid;
        let mut shard = self.shard(uid).lock();
        if let Some(record) = shard.get_mut(&uid) {
            return record.renew(&session, now);
        }
        self.insert(&mut shard, uid, Record::new(session, now));
        Issued::Created
    }

    pub fn hold(&self, claim: Claim<'_>, node: NodeNumber) -> Held {
        let now = Instant::now();
        let mut shard = self.shard(claim.uid).lock();
        if claim.register && !shard.contains_key(&claim.uid) {
            let record = Record::registered(&claim, now);
            self.insert(&mut shard, claim.uid, record);
        }
        match shard.get_mut(&claim.uid) {
            None => Held::Unknown,
            Some(record) if !record.verifies(&claim) => Held::Mismatch,
            Some(record) => Held::Yes {
                newest: record.hold(node),
                code_remaining: record.code_remaining(now),
            },
        }
    }

    pub fn release(&self, uid: Uid, node: NodeNumber) {
        let mut shard = self.shard(uid).lock();
        // A session that was ended meanwhile is gone, and its holders with it.
        if let Some(record) = shard.get_mut(&uid) {
            record.release(node, Instant::now());
            self.queue_expiry(uid, record);
        }
    }

    /// `carry` gets an accepted event for each node that holds the uid, under the lock: events of
    /// a uid arrive everywhere in the order of their ids.
    pub fn publish(
        &self,
        event: &Event,
        keep: bool,
        carry: impl Fn(NodeNumber, &Retained),
    ) -> Published {
        let mut shard = self.shard(event.uid).lock();
        let Some(record) = shard.get_mut(&event.uid) else {
            return Published::Unknown;
        };
        let (answer, accepted) = record.publish(event, keep, unix_millis(), &self.retention);
        if let Some(retained) = accepted {
            record.holders().for_each(|node| carry(node, &retained));
        }
        answer
    }

    pub fn replay(&self, uid: Uid, after: EventId, limit: usize) -> Replay {
        let shard = self.shard(uid).lock();
        match shard.get(&uid) {
            Some(record) => record.replay(after, limit),
            None => Replay {
                gone: true,
                ..Replay::default()
            },
        }
    }

    pub fn scan(&self, uid: Uid, ticket: Option<&Ticket>, person: &str) -> Scanned {
        let mut shard = self.shard(uid).lock();
        match shard.get_mut(&uid) {
            None => Scanned::Unknown,
            Some(record) => record.scan(ticket, person, Instant::now()),
        }
    }

    pub fn settle(&self, uid: Uid) {
        if let Some(record) = self.shard(uid).lock().get_mut(&uid) {
            record.settle();
        }
    }

    /// Whether a uid is on record.
    pub fn is_known(&self, uid: Uid) -> bool {
        self.shard(uid).lock().contains_key(&uid)
    }

    /// What can be told of a session, and who holds it.
    pub fn view(&self, uid: Uid) -> Option<(SessionView, Vec<NodeNumber>)> {
        let now = Instant::now();
        let shard = self.shard(uid).lock();
        let record = shard.get(&uid)?;
        let view = SessionView {
            state: record.state(now),
            purpose: record.purpose.clone(),
            ticket: record.ticket.clone(),
            code_remaining: record.code_remaining(now).unwrap_or_default(),
            nodes: Vec::new(),
        };
        Some((view, record.holders().collect()))
    }

    /// Counts them, a shard at a time.
    pub fn census(&self) -> Census {
        let now = Instant::now();
        let mut census = Census::default();
        for shard in &self.shards {
            let shard = shard.lock();
            let states = shard.values().map(|record| record.state(now));
            states.for_each(|state| census.count(state));
        }
        census
    }

    pub fn end(&self, uid: Uid, tell: impl Fn(NodeNumber)) -> bool {
        let mut shard = self.shard(uid).lock();
        let Some(record) = shard.remove(&uid) else {
            return false;
        };
        record.holders().for_each(tell);
        true
    }

    /// Forgets what has expired by now.
    pub fn expire(&self) {
        while let Some(uid) = self.expiry.pop_due(Instant::now()) {
            let mut shard = self.shard(uid).lock();
            let Some(record) = shard.get_mut(&uid) else {
                continue;
            };
            record.queued = false;
            let expired = record
                .expires_at(self.retention.grace)
                .is_some_and(|expires_at| expires_at <= Instant::now());
            if expired {
                shard.remove(&uid);
            } else {
                self.queue_expiry(uid, record);
            }
        }
    }

    fn insert(&self, shard: &mut HashMap<Uid, Box<Record>>, uid: Uid, record: Record) {
        let record = shard.entry(uid).or_insert(Box::new(record));
        self.queue_expiry(uid, record);
    }

    /// One entry a session is enough: when it is due, the session tells whether it has got a
    /// later end. A held one needs none; it is queued when its last page leaves.
    fn queue_expiry(&self, uid: Uid, record: &mut Record) {
        if record.queued {
            return;
        }
        if let Some(expires_at) = record.expires_at(self.retention.grace) {
            record.queued = true;
            self.expiry.push(expires_at, uid);
        }
    }

    fn shard(&self, uid: Uid) -> &Mutex<HashMap<Uid, Box<Record>>> {
        &self.shards[uid.get() as usize % SHARDS]
    }
}

fn unix_millis() -> u64 {
    unix_time().as_millis() as u64
}

#[cfg(test)]
mod tests;
