//! Two members of one broker, of either kind, and what each is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use scangate::broker::embedded::{Embedded, Retention};
use scangate::broker::redis::Redis;
use scangate::broker::{
    Arrival, Broker, Claim, Held, Inbox, Issued, NewSession, Published, Retained, SessionView,
};
use scangate::config::{self, Config};
use scangate::frame;
use scangate::message::{Event, PushLine};
use scangate::metrics::Metrics;
use scangate::session::{EventId, Key, Ticket, Uid};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::support::{Server, becomes, within};

/// What the broker told a node.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// An event, and its frame for a page.
    Event(Uid, EventId, Bytes),
    /// Some events may be missing.
    Missed(Uid),
    /// The session was ended.
    Ended(Uid),
    /// What was said to all nodes.
    Told(String),
}

/// A node's inbox that keeps everything.
pub struct Ears {
    said: UnboundedSender<Heard>,
    arrived: std::sync::Mutex<Option<Arrival>>,
    heard: Mutex<UnboundedReceiver<Heard>>,
}

/// Websockets that each member claims to have.
pub const CONNECTIONS: u64 = 7;

impl Inbox for Ears {
    fn event(&self, uid: Uid, event: &Retained, arrival: Arrival) {
        *self.arrived.lock().unwrap() = Some(arrival);
        let heard = Heard::Event(uid, event.id, event.frame.clone());
        self.said.send(heard).unwrap();
    }

    fn missed(&self, uid: Uid) {
        self.said.send(Heard::Missed(uid)).unwrap();
    }

    fn ended(&self, uid: Uid) {
        self.said.send(Heard::Ended(uid)).unwrap();
    }

    fn told(&self, text: &str) -> bool {
        self.said.send(Heard::Told(text.to_owned())).unwrap();
        true
    }

    fn connections(&self) -> u64 {
        CONNECTIONS
    }
}

impl Ears {
    fn new() -> Arc<Ears> {
        let (said, heard) = mpsc::unbounded_channel();
        let heard = Mutex::new(heard);
        let arrived = std::sync::Mutex::default();
        Arc::new(Ears {
            said,
            arrived,
            heard,
        })
    }

    /// How the newest event came.
    pub fn arrival(&self) -> Arrival {
        let arrived = *self.arrived.lock().unwrap();
        arrived.expect("an event")
    }

    /// The next thing that it is told.
    pub async fn hears(&self) -> Heard {
        let mut heard = self.heard.lock().await;
        within(SOON, "something to hear", heard.recv())
            .await
            .unwrap()
    }

    /// The next thing, which must be an event: its id and frame.
    pub async fn hears_event(&self) -> (EventId, Bytes) {
        match self.hears().await {
            Heard::Event(_, id, frame) => (id, frame),
            other => panic!("no event: {other:?}"),
        }
    }

    /// Nothing that it has not heard.
    pub async fn hears_nothing(&self) {
        assert!(self.heard.lock().await.try_recv().is_err());
    }
}

/// How long what is due now may take.
pub const SOON: Duration = Duration::from_secs(5);
/// Life of a session that nobody holds, in these stories.
pub const GRACE: Duration = Duration::from_millis(400);
/// Events retained for each session.
pub const EVENTS: usize = 4;
/// Push ids remembered for each session.
pub const PUSH_IDS: usize = 3;
/// A life that no story sees the end of.
pub const LONG: Duration = Duration::from_secs(120);

/// The members `a` and `b`, and what they stand on.
pub struct Stage {
    pub a: Broker,
    pub b: Broker,
    pub ears_a: Arc<Ears>,
    pub ears_b: Arc<Ears>,
    _ground: Ground,
}

enum Ground {
    Directory(#[allow(dead_code)] TempDir),
    Server(#[allow(dead_code)] Box<Server>),
    Elsewhere,
}

impl Stage {
    /// Both within this process.
    pub async fn embedded() -> Stage {
        let directory = TempDir::new().unwrap();
        let broker = Embedded::open(directory.path(), retention()).await;
        let broker = broker.unwrap();
        let (ears_a, ears_b) = (Ears::new(), Ears::new());
        Stage {
            a: Broker::Embedded(broker.join("a", Arc::clone(&ears_a) as _)),
            b: Broker::Embedded(broker.join("b", Arc::clone(&ears_b) as _)),
            ears_a,
            ears_b,
            _ground: Ground::Directory(directory),
        }
    }

    /// Both at a Redis.
    pub async fn redis() -> Stage {
        Stage::waiting(0).await
    }

    /// Both at a Redis without replicas, so many of which they wait for.
    pub async fn waiting(wait_replicas: u32) -> Stage {
        let server = Server::start().await;
        let mut stage = Stage::with(&server.url(), "suite", wait_replicas).await;
        stage._ground = Ground::Server(Box::new(server));
        stage
    }

    /// Both at a server that is a Cluster, where others may be too: they have a prefix of their own.
    pub async fn at(server: &Server, prefix: &str) -> Stage {
        Stage::with(&server.cluster_url(), prefix, 0).await
    }

    async fn with(url: &str, prefix: &str, wait_replicas: u32) -> Stage {
        let (ears_a, ears_b) = (Ears::new(), Ears::new());
        let settings = config::Broker {
            prefix: prefix.into(),
            wait_replicas,
            ..Config::default().broker
        };
        let join = async |name: &str, ears: &Arc<Ears>| {
            let inbox = Arc::clone(ears) as _;
            let joined =
                Redis::join(url, &settings, name, retention(), inbox, &Metrics::new()).await;
            Broker::Redis(joined.unwrap())
        };
        Stage {
            a: join("a", &ears_a).await,
            b: join("b", &ears_b).await,
            ears_a,
            ears_b,
            _ground: Ground::Elsewhere,
        }
    }

    /// A session without key and action, that lives long.
    pub async fn session(&self) -> Uid {
        let session = new_session(LONG);
        let uid = session.uid;
        assert_eq!(self.a.issue(session).await.unwrap(), Issued::Created);
        uid
    }

    /// What is on record of a uid.
    pub async fn view(&self, uid: Uid) -> SessionView {
        self.b.session(uid).await.unwrap().expect("on record")
    }

    /// Waits until these members, and no others, hold the uid.
    pub async fn is_held_by(&self, uid: Uid, members: &[&str]) {
        let question = async || {
            let view = self.b.session(uid).await.unwrap();
            let mut nodes = view.map(|view| view.nodes).unwrap_or_default();
            nodes.sort();
            nodes
        };
        becomes(SOON, "the holders", question, |nodes| nodes == members).await;
    }

    /// Both members go. At Redis this is what ends their tasks.
    pub fn leave(&self) {
        self.a.leave();
        self.b.leave();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.leave();
    }
}

fn retention() -> Retention {
    Retention {
        grace: GRACE,
        events: EVENTS,
        push_ids: PUSH_IDS,
    }
}

/// The ticket of every session here.
pub fn ticket() -> Ticket {
    Ticket::new("gQH4+/=").unwrap()
}

/// A ticket of no session.
pub fn stranger() -> Ticket {
    Ticket::new("gQH4+/-").unwrap()
}

/// A uid that nobody else uses.
pub fn fresh_uid() -> Uid {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    number.to_string().parse().unwrap()
}

/// A session that could be issued.
pub fn new_session(life: Duration) -> NewSession {
    NewSession {
        uid: fresh_uid(),
        ticket: ticket(),
        key: None,
        purpose: None,
        life,
    }
}

/// Asks for a uid with the right ticket and no key.
pub async fn hold(broker: &Broker, uid: Uid) -> Held {
    hold_with(broker, uid, &ticket(), None).await
}

/// Asks for a uid with these proofs.
pub async fn hold_with(broker: &Broker, uid: Uid, ticket: &Ticket, key: Option<&Key>) -> Held {
    let claim = Claim {
        uid,
        ticket,
        key,
        register: false,
    };
    broker.hold(claim).await.unwrap()
}

/// Holds a uid, which must succeed; its newest event then.
pub async fn holds(broker: &Broker, uid: Uid) -> EventId {
    match hold(broker, uid).await {
        Held::Yes { newest, .. } => newest,
        other => panic!("{other:?}"),
    }
}

/// The event number `n` for a uid; `members` are more of the line, each with a comma before it.
pub fn event(uid: Uid, n: usize, members: &str) -> Event {
    let ticket = ticket();
    let ticket = ticket.expose();
    let line = format!(r#"{{"uid":{uid},"ticket":"{ticket}","n":{n}{members}}}"#);
    PushLine::parse(Bytes::from(line)).event.unwrap()
}

/// The frame in which a page gets an event.
pub fn frame_of(event: &Event) -> Bytes {
    frame::text_frame(&event.text)
}

/// Publishes, which must be accepted: the id, and how many nodes hold the uid.
pub async fn publish(broker: &Broker, event: &Event) -> (EventId, usize) {
    match broker.publish(event, true).await.unwrap() {
        Published::Yes { id, nodes, .. } => (id, nodes),
        other => panic!("{other:?}"),
    }
}
