//! Who is here: the connections of this node, and which of them hold which uid.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use prometheus::Histogram;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::broker::{Arrival, Inbox, Retained};
use crate::connection::{Connection, Sent, Then};
use crate::ending::Ending;
use crate::listener::{Delivery, Listener};
use crate::metrics::Metrics;
use crate::session::{EventId, Uid};
use crate::timeline::{self, Id, Moment, Timeline};

/// uid → connections of this node, in shards with a lock each.
#[derive(Debug)]
pub struct Registry {
    shards: Vec<Mutex<HashMap<Uid, Holders>>>,
    roster: Vec<Mutex<HashMap<GuestNumber, Arc<Connection>>>>,
    next_guest: AtomicU64,
    /// What is said to all nodes, until somebody attends to it.
    tell: mpsc::Sender<String>,
    told: tokio::sync::Mutex<mpsc::Receiver<String>>,
    /// Seconds from an event's id to its arrival here.
    to_node: Histogram,
    witness: Arc<Witness>,
    metrics: Arc<Metrics>,
}

/// Notes what live events came to at their sockets.
#[derive(Debug)]
struct Witness {
    /// Seconds from an event's arrival here.
    to_socket: Histogram,
    timeline: Arc<Timeline>,
    metrics: Arc<Metrics>,
}

/// Nearly always one; a second tab, or a reconnect that overtakes its predecessor's close, makes
/// more.
#[derive(Debug)]
enum Holders {
    One(Arc<Listener>),
    Many(Vec<Arc<Listener>>),
}

type GuestNumber = u64;

/// A connection's place among this node's; dropping it gives the place back.
#[derive(Debug)]
pub struct Guest {
    registry: Arc<Registry>,
    number: GuestNumber,
}

const SHARDS: usize = 64;

/// Things said to all nodes that may wait here.
const MOST_TOLD: usize = 16;

impl Registry {
    /// Nobody is here yet.
    pub fn new(timeline: Arc<Timeline>, metrics: Arc<Metrics>) -> Arc<Self> {
        let (tell, told) = mpsc::channel(MOST_TOLD);
        let stages = &metrics.delivery_stage_duration_seconds;
        let witness = Witness {
            timeline,
            to_socket: stages.with_label_values(&["socket"]),
            metrics: Arc::clone(&metrics),
        };
        Arc::new(Self {
            to_node: stages.with_label_values(&["node"]),
            witness: Arc::new(witness),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            roster: (0..SHARDS).map(|_| Mutex::default()).collect(),
            next_guest: AtomicU64::new(0),
            tell,
            told: tokio::sync::Mutex::new(told),
            metrics,
        })
    }

    /// Takes a connection in, bound or not.
    pub fn welcome(self: &Arc<Self>, connection: Arc<Connection>) -> Guest {
        let number = self.next_guest.fetch_add(1, Ordering::Relaxed);
        self.roster_of(number).lock().insert(number, connection);
        self.metrics.connections.inc();
        self.metrics.connections_opened_total.inc();
        Guest {
            registry: Arc::clone(self),
            number,
        }
    }

    /// Every connection of this node.
    pub fn everybody(&self) -> Vec<Arc<Connection>> {
        let shards = self.roster.iter();
        shards
            .flat_map(|shard| shard.lock().values().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// From now on `listener` gets the events of its uid.
    pub fn add(&self, listener: Arc<Listener>) {
        let mut shard = self.shard(listener.uid).lock();
        match shard.remove(&listener.uid) {
            None => shard.insert(listener.uid, Holders::One(listener)),
            Some(Holders::One(other)) => {
                shard.insert(listener.uid, Holders::Many(vec![other, listener]))
            }
            Some(Holders::Many(mut others)) => {
                let uid = listener.uid;
                others.push(listener);
                shard.insert(uid, Holders::Many(others))
            }
        };
        self.metrics.bindings.inc();
    }

    /// `listener`, and no other of its uid, gets no more events.
    pub fn remove(&self, listener: &Arc<Listener>) {
        let mut shard = self.shard(listener.uid).lock();
        let Some(holders) = shard.get_mut(&listener.uid) else {
            return;
        };
        let is_last = match holders {
            Holders::One(_) => true,
            Holders::Many(many) => {
                many.retain(|other| !Arc::ptr_eq(other, listener));
                many.is_empty()
            }
        };
        if is_last {
            shard.remove(&listener.uid);
        }
        self.metrics.bindings.dec();
    }

    /// Calls `visit` with each listener of `uid`, without the lock.
    pub fn each_listener(&self, uid: Uid, mut visit: impl FnMut(&Listener)) {
        let holders = match self.shard(uid).lock().get(&uid) {
            None => return,
            Some(Holders::One(one)) => Holders::One(Arc::clone(one)),
            Some(Holders::Many(many)) => Holders::Many(many.clone()),
        };
        match holders {
            Holders::One(one) => visit(&one),
            Holders::Many(many) => many.iter().for_each(|listener| visit(listener)),
        }
    }

    /// Every uid that is held here.
    pub fn held(&self) -> Vec<Uid> {
        let shards = self.shards.iter();
        shards
            .flat_map(|shard| shard.lock().keys().copied().collect::<Vec<_>>())
            .collect()
    }

    /// The next thing that is said to all nodes.
    pub async fn next_told(&self) -> String {
        let mut told = self.told.lock().await;
        told.recv().await.expect("the sender lives here too")
    }

    fn shard(&self, uid: Uid) -> &Mutex<HashMap<Uid, Holders>> {
        &self.shards[uid.get() as usize % SHARDS]
    }

    fn roster_of(&self, number: GuestNumber) -> &Mutex<HashMap<GuestNumber, Arc<Connection>>> {
        &self.roster[number as usize % SHARDS]
    }
}

impl Witness {
    /// A live event has gone to a page's socket.
    fn written(&self, uid: Uid, id: EventId, arrival: Arrival) {
        let now = Instant::now();
        let waited = now.saturating_duration_since(arrival.at);
        self.to_socket.observe(waited.as_secs_f64());
        let since_scan = arrival.scanned.map(|scanned| {
            let took = now.saturating_duration_since(scanned);
            let to_screen = &self.metrics.scan_to_screen_seconds;
            to_screen.observe(took.as_secs_f64());
            took
        });
        let moment = Moment::Written {
            event: Id(id),
            scan_ms: since_scan.map(timeline::millis),
        };
        self.timeline.note(uid, arrival.at..now, moment);
    }
}

impl Inbox for Registry {
    fn event(&self, uid: Uid, event: &Retained, arrival: Arrival) {
        self.to_node.observe(arrival.travelled.as_secs_f64());
        let id = event.id;
        let later = || -> Then {
            let witness = Arc::clone(&self.witness);
            Box::new(move || witness.written(uid, id, arrival))
        };
        self.each_listener(uid, |listener| match listener.deliver(event, later) {
            Delivery::Sent(Sent::Written) => {
                self.metrics.events_delivered_total.inc();
                self.witness.written(uid, id, arrival);
            }
            Delivery::Sent(Sent::Queued) => {
                self.metrics.events_delivered_total.inc();
                self.metrics.frames_queued_total.inc();
            }
            Delivery::Behind => listener.connection.nudge(),
            Delivery::Sent(Sent::Over) | Delivery::Left => {}
        });
    }

    fn missed(&self, uid: Uid) {
        self.each_listener(uid, |listener| {
            if listener.fall_behind() {
                listener.connection.nudge();
            }
        });
    }

    fn ended(&self, uid: Uid) {
        self.each_listener(uid, |listener| listener.connection.end(Ending::Withdrawn));
    }

    fn told(&self, text: &str) -> bool {
        let is_taken = self.tell.try_send(text.to_owned()).is_ok();
        if !is_taken {
            self.metrics.broadcasts_dropped_total.inc();
            tracing::warn!("too many broadcasts at once, one was left out here");
        }
        is_taken
    }

    fn connections(&self) -> u64 {
        self.metrics.connections.get().unsigned_abs()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let registry = &self.registry;
        registry.roster_of(self.number).lock().remove(&self.number);
        registry.metrics.connections.dec();
    }
}
