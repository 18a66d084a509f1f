//! One session on record: a plain value, told the time by its caller.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::{NodeNumber, Retention};
use crate::broker::{Claim, Issued, NewSession, Published, Replay, Retained, Scanned};
use crate::message::{Event, PushId};
use crate::session::{EventId, Key, Purpose, State, Ticket};

#[derive(Debug)]
pub(super) struct Record {
    pub ticket: Ticket,
    key: Option<Key>,
    pub purpose: Option<Purpose>,
    /// False where the first page's claim made the session.
    has_code: bool,
    /// Until when the code can be scanned.
    code_ends: Instant,
    progress: Progress,
    /// The person whose scan counted.
    scanned_by: Option<Box<str>>,
    /// The nodes that hold the uid, each with how often it does.
    holders: Vec<(NodeNumber, u32)>,
    /// When the last page left, or the session was made.
    left_at: Instant,
    /// Whether the expiry queue has an entry for this session.
    pub queued: bool,
    newest: EventId,
    /// The newest event that is retained no more.
    dropped: EventId,
    events: VecDeque<Retained>,
    push_ids: Option<Box<PushIds>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Scanned,
    Done,
}

/// The push ids of a session with their answers, oldest first.
#[derive(Debug, Default)]
struct PushIds {
    order: VecDeque<PushId>,
    answers: HashMap<PushId, Published>,
}

impl Record {
    pub fn new(session: NewSession, now: Instant) -> Self {
        Self {
            ticket: session.ticket,
            key: session.key,
            purpose: session.purpose,
            has_code: true,
            code_ends: now + session.life,
            progress: Progress::Waiting,
            scanned_by: None,
            holders: Vec::new(),
            left_at: now,
            queued: false,
            newest: EventId::START,
            dropped: EventId::START,
            events: VecDeque::new(),
            push_ids: None,
        }
    }

    /// A session that the first page's claim makes: it has no code of ours and no key.
    pub fn registered(claim: &Claim<'_>, now: Instant) -> Self {
        let session = NewSession {
            uid: claim.uid,
            ticket: claim.ticket.clone(),
            key: None,
            purpose: None,
            life: Duration::ZERO,
        };
        Self {
            has_code: false,
            ..Self::new(session, now)
        }
    }

    pub fn renew(&mut self, session: &NewSession, now: Instant) -> Issued {
        if self.ticket != session.ticket {
            return Issued::Conflict;
        }
        self.has_code = true;
        self.code_ends = now + session.life;
        Issued::Renewed(self.key)
    }

    /// When nobody will miss it; None while a page holds it.
    pub fn expires_at(&self, grace: Duration) -> Option<Instant> {
        self.holders
            .is_empty()
            .then(|| self.code_ends.max(self.left_at) + grace)
    }

    pub fn verifies(&self, claim: &Claim<'_>) -> bool {
        let ticket = *claim.ticket == self.ticket;
        let key = self.key.is_none_or(|key| claim.key == Some(&key));
        ticket & key
    }

    pub fn hold(&mut self, node: NodeNumber) -> EventId {
        match self.holders.iter_mut().find(|(holder, _)| *holder == node) {
            Some((_, times)) => *times += 1,
            None => self.holders.push((node, 1)),
        }
        self.newest
    }

    pub fn release(&mut self, node: NodeNumber, now: Instant) {
        let Some(place) = self.holders.iter().position(|(holder, _)| *holder == node) else {
            return;
        };
        self.left_at = now;
        self.holders[place].1 -= 1;
        if self.holders[place].1 == 0 {
            self.holders.swap_remove(place);
        }
    }

    /// The nodes that hold the uid, each once.
    pub fn holders(&self) -> impl Iterator<Item = NodeNumber> {
        self.holders.iter().map(|(node, _)| *node)
    }

    /// Verifies and retains an event. The second value is what is to be carried to the holders;
    /// None where the event was refused or had been accepted before.
    pub fn publish(
        &mut self,
        event: &Event,
        keep: bool,
        now_millis: u64,
        retention: &Retention,
    ) -> (Published, Option<Retained>) {
        if self.ticket != event.ticket {
            return (Published::Mismatch, None);
        }
        if let Some(answer) = self.answered(event.push_id.as_ref()) {
            return (answer, None);
        }
        let nodes = self.holders.len();
        if nodes == 0 && !keep {
            return (Published::NotHeld, None);
        }
        let id = self.newest.next(now_millis);
        let retained = Retained::new(id, self.newest, &event.text);
        self.newest = id;
        self.events.push_back(retained.clone());
        if self.events.len() > retention.events {
            let dropped = self.events.pop_front();
            self.dropped = dropped.map_or(self.dropped, |event| event.id);
        }
        let answer = |is_new| Published::Yes { id, nodes, is_new };
        if let Some(push_id) = &event.push_id {
            let push_ids = self.push_ids.get_or_insert_default();
            push_ids.remember(push_id.clone(), answer(false), retention.push_ids);
        }
        (answer(true), Some(retained))
    }

    fn answered(&self, push_id: Option<&PushId>) -> Option<Published> {
        let answers = &self.push_ids.as_ref()?.answers;
        answers.get(push_id?).copied()
    }

    pub fn replay(&self, after: EventId, limit: usize) -> Replay {
        let first = self.events.partition_point(|event| event.id <= after);
        Replay {
            events: self.events.range(first..).take(limit).cloned().collect(),
            gap: after < self.dropped,
            gone: false,
        }
    }

    pub fn scan(&mut self, ticket: Option<&Ticket>, person: &str, now: Instant) -> Scanned {
        if ticket.is_none_or(|ticket| *ticket != self.ticket) {
            return Scanned::Mismatch;
        }
        let same_person = self.scanned_by.as_deref() == Some(person);
        match self.progress {
            Progress::Waiting if now >= self.code_ends => Scanned::Expired,
            Progress::Done if same_person => Scanned::Repeated,
            Progress::Scanned | Progress::Done if !same_person => Scanned::Used,
            _ => {
                self.progress = Progress::Scanned;
                self.scanned_by = Some(person.into());
                Scanned::Accepted {
                    purpose: self.purpose.clone(),
                    ticket: self.ticket.clone(),
                }
            }
        }
    }

    pub fn settle(&mut self) {
        self.progress = Progress::Done;
    }

    pub fn state(&self, now: Instant) -> State {
        match self.progress {
            Progress::Waiting if self.has_code && now >= self.code_ends => State::Expired,
            Progress::Waiting => State::Waiting,
            Progress::Scanned => State::Scanned,
            Progress::Done => State::Done,
        }
    }

    /// How long the code can still be scanned; None where it was scanned, or where there is none.
    pub fn code_remaining(&self, now: Instant) -> Option<Duration> {
        let waiting = self.progress == Progress::Waiting && self.has_code;
        waiting.then(|| self.code_ends.saturating_duration_since(now))
    }
}

impl PushIds {
    fn remember(&mut self, push_id: PushId, answer: Published, most: usize) {
        self.order.push_back(push_id.clone());
        self.answers.insert(push_id, answer);
        if self.order.len() > most
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}
