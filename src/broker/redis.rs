//! The broker that joins many nodes: Redis (7.0 or newer, or Valkey), alone, behind Sentinel, or as
//! a Cluster. The only room that names fred.
//!
//! Pub/sub is the wake-up, the stream is the truth: what a lost message may have carried is read
//! again from the stream, by the pages' own cursors, so nothing is lost and nothing comes twice.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Why a node cannot join.
pub use fred::error::Error as RedisError;
use fred::interfaces::ClientLike;
use fred::types::Value;
use parking_lot::Mutex;
use prometheus::{IntCounter, IntGaugeVec};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{BrokerError, Issued, NewSession, Published, Replay, Scanned, SharedInbox};
use crate::broker::embedded::Retention;
use crate::clock::unix_time;
use crate::config;
use crate::message::{Event, PushId};
use crate::metrics::Metrics;
use crate::session::{EventId, Purpose, Ticket, Uid};

mod answer;
mod audit;
mod canary;
mod carried;
mod clock;
mod groups;
mod held;
mod jobs;
mod keys;
mod link;
mod messages;
mod nodes;
mod notes;
mod records;
mod replicas;
mod resync;
mod scripts;
mod subscription;
pub mod survey;
mod tally;
mod timelines;
mod views;

use answer::{Answer, retained};
use canary::Canary;
use clock::Clock;
use held::{Facts, HeldUids};
use keys::Keys;
use link::{Link, PATIENCE, call};
pub(crate) use nodes::LAST_WORDS;
use replicas::Replicas;
use resync::Resync;
use scripts::{Plain, Scripts};

/// One node's membership at a Redis broker.
pub struct Redis {
    link: Link,
    keys: Keys,
    scripts: Scripts,
    plain: Plain,
    /// This node's name, unique among the live ones.
    node: String,
    retention: Retention,
    held: HeldUids,
    replicas: Replicas,
    /// The installation's, as Redis told it, in hexadecimal digits.
    secret: OnceLock<String>,
    clock: Clock,
    canary: Canary,
    resync: Resync,
    /// Times that messages came faster than they were taken.
    lags: IntCounter,
    /// How many jobs each queue had when this node last looked.
    jobs_waiting: IntGaugeVec,
    inbox: Mutex<Option<SharedInbox>>,
    /// Stops the tasks.
    stop: CancellationToken,
    /// What is given back, on its way to Redis: uids, and at last the node's own place.
    returns: TaskTracker,
}

/// A handle to the membership; with the last one its tasks end.
#[derive(Debug, Clone)]
pub struct Member {
    redis: Arc<Redis>,
    _stop: Arc<DropGuard>,
}

impl Deref for Member {
    type Target = Arc<Redis>;

    fn deref(&self) -> &Arc<Redis> {
        &self.redis
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// How long a held session outlives its node's last word of it; renewed at a third of that.
const HELD: Duration = Duration::from_secs(30 * 60);

impl Redis {
    /// Connects a node of this name.
    pub async fn join(
        url: &str,
        settings: &config::Broker,
        node: &str,
        retention: Retention,
        inbox: SharedInbox,
        metrics: &Metrics,
    ) -> Result<Member, RedisError> {
        let stop = CancellationToken::new();
        // Also where this fails half way.
        let guard = stop.clone().drop_guard();
        let link = Link::connect(url, settings.wait_replicas > 0, &stop).await?;
        let redis = Arc::new(Self {
            link,
            keys: Keys::new(&settings.prefix),
            scripts: Scripts::new(metrics),
            plain: Plain::new(metrics),
            node: node.to_owned(),
            retention,
            held: HeldUids::default(),
            replicas: Replicas::new(settings.wait_replicas, metrics),
            secret: OnceLock::new(),
            clock: Clock::new(),
            canary: Canary::new(),
            resync: Resync::new(metrics),
            lags: metrics.redis_subscription_lags_total.clone(),
            jobs_waiting: metrics.jobs_waiting.clone(),
            inbox: Mutex::new(Some(inbox)),
            stop,
            returns: TaskTracker::new(),
        });
        redis.load_publish().await;
        redis.start_tasks();
        // Without its time pushes would be too late, or count when they are.
        redis.begin_to_sing().await;
        Ok(Member {
            redis,
            _stop: Arc::new(guard),
        })
    }

    pub(super) async fn issue(&self, session: NewSession) -> Result<Issued, BrokerError> {
        let arguments = vec![
            session.ticket.expose().to_owned(),
            session.key.map(|key| key.expose()).unwrap_or_default(),
            purpose_of(session.purpose.as_ref()),
            session.life.as_millis().to_string(),
            self.retention.grace.as_millis().to_string(),
        ];
        let keys = self.keys.record_and_tombstone(session.uid);
        let answer = self.link.call(&self.scripts.issue, keys, arguments).await?;
        let mut answer = Answer::of(answer);
        match answer.word().as_str() {
            "created" => Ok(Issued::Created),
            "renewed" => Ok(Issued::Renewed(answer.word().parse().ok())),
            "conflict" => Ok(Issued::Conflict),
            _ => Err(BrokerError::Unavailable),
        }
    }

    pub(super) async fn publish(
        &self,
        event: &Event,
        keep: bool,
    ) -> Result<Published, BrokerError> {
        let push_id = event.push_id.as_ref().map(|push_id| match push_id {
            PushId::Of(id) => format!("p:{id}"),
            PushId::Own(name) => format!("o:{name}"),
        });
        if !self.is_reachable() {
            return Err(BrokerError::Unavailable);
        }
        let deadline = self.redis_millis() + PATIENCE.as_millis() as i64;
        let words = || {
            let mut arguments: Vec<Value> = vec![
                event.ticket.expose().into(),
                Value::Bytes(event.text.clone()),
                deadline.into(),
                i64::from(keep).into(),
                (self.retention.events as i64).into(),
            ];
            if let Some(push_id) = &push_id {
                arguments.push(push_id.as_str().into());
                arguments.push((self.retention.push_ids as i64).into());
                let age = event.scanned.map(|came| came.elapsed().as_millis());
                let age = age.map(|age| age.to_string()).unwrap_or_default();
                arguments.push(age.into());
            }
            (self.keys.of_push(event.uid, push_id.is_some()), arguments)
        };
        let begun = self.replicas.begin();
        let answer = call(&self.link.pushes, &self.scripts.publish, words).await?;
        let mut answer = Answer::of(answer);
        match answer.word().as_str() {
            word @ ("ok" | "known") => {
                let id = answer.word().parse();
                let published = Published::Yes {
                    id: id.map_err(|()| BrokerError::Silent)?,
                    nodes: answer.number() as usize,
                    is_new: word == "ok",
                };
                let key = self.keys.session(event.uid);
                self.replicas.wait(begun, &self.link.pushes, &key).await?;
                Ok(published)
            }
            "unknown" => Ok(Published::Unknown),
            "mismatch" => Ok(Published::Mismatch),
            "not_held" => Ok(Published::NotHeld),
            // It came too late to count: nothing was done.
            "late" => Err(BrokerError::Unavailable),
            _ => Err(BrokerError::Silent),
        }
    }

    pub(super) async fn replay(
        &self,
        uid: Uid,
        after: EventId,
        limit: usize,
    ) -> Result<Replay, BrokerError> {
        let arguments = vec![after.to_string(), limit.to_string()];
        let mut keys = self.keys.record(uid);
        keys.truncate(2);
        let mut answer = Answer::of(
            self.link
                .call(&self.scripts.replay, keys, arguments)
                .await?,
        );
        let gone = answer.number() == 0;
        let dropped: EventId = answer.word().parse().unwrap_or_default();
        let events = answer.next().into_array();
        let events: Vec<_> = events.into_iter().filter_map(retained).collect();
        let newest = events.last().map_or(after, |event| event.id);
        self.held.passed(uid, newest, b'-');
        Ok(Replay {
            events,
            gap: after < dropped,
            gone,
        })
    }

    pub(super) async fn scan(
        &self,
        uid: Uid,
        ticket: Option<&Ticket>,
        person: &str,
    ) -> Result<Scanned, BrokerError> {
        let ticket = ticket.map(Ticket::expose).unwrap_or_default();
        let arguments = vec![ticket.to_owned(), person.to_owned()];
        let keys = vec![self.keys.session(uid)];
        let mut answer = Answer::of(self.link.call(&self.scripts.scan, keys, arguments).await?);
        Ok(match answer.word().as_str() {
            "accepted" => Scanned::Accepted {
                purpose: answer.word().parse().ok(),
                ticket: Ticket::new(answer.word()).ok_or(BrokerError::Unavailable)?,
            },
            "repeated" => Scanned::Repeated,
            "used" => Scanned::Used,
            "expired" => Scanned::Expired,
            "unknown" => Scanned::Unknown,
            "mismatch" => Scanned::Mismatch,
            _ => return Err(BrokerError::Unavailable),
        })
    }

    pub(super) async fn settle(&self, uid: Uid) -> Result<(), BrokerError> {
        let keys = vec![self.keys.session(uid)];
        self.link
            .call(&self.scripts.settle, keys, Vec::<String>::new())
            .await
            .map(drop)
    }

    pub(super) async fn end(&self, uid: Uid) -> Result<bool, BrokerError> {
        let keys = self.keys.all_and_tombstone(uid);
        let arguments = vec![HELD.as_millis().to_string()];
        let answer = self.link.call(&self.scripts.end, keys, arguments).await?;
        Ok(Answer::of(answer).number() > 0)
    }

    pub(super) fn is_reachable(&self) -> bool {
        // Of a Cluster one shard may be silent, and the others answer.
        let is_silent = self.canary.is_silent() && !self.link.is_clustered();
        self.link.commands.is_connected() && !is_silent
    }

    /// Puts down what is looked up when somebody asks.
    pub(super) fn observe(&self, metrics: &Metrics) {
        self.held.census(self.redis_millis()).show(metrics);
        let connected = |connection, is_connected| {
            let gauge = metrics.redis_connected.with_label_values(&[connection]);
            gauge.set(i64::from(is_connected));
        };
        connected("commands", self.link.commands.is_connected());
        connected("subscriptions", self.link.subscriber.is_connected());
        let age = self.canary.heard_ago().as_secs_f64();
        metrics.redis_canary_age_seconds.set(age);
    }

    /// The time of Redis, by which deadlines are told.
    fn redis_millis(&self) -> i64 {
        self.clock.millis()
    }

    /// How long ago Redis gave this id, as far as is known.
    fn since(&self, id: EventId) -> Duration {
        let now = u64::try_from(self.redis_millis()).unwrap_or_default();
        Duration::from_millis(now.saturating_sub(id.millis))
    }

    fn with_inbox(&self, visit: impl FnOnce(&SharedInbox)) {
        let inbox = self.inbox.lock().clone();
        if let Some(inbox) = inbox {
            visit(&inbox);
        }
    }
}

fn purpose_of(purpose: Option<&Purpose>) -> String {
    purpose.map(Purpose::to_string).unwrap_or_default()
}

fn node_field(node: &str) -> String {
    format!("node:{node}")
}

fn unix_millis() -> i64 {
    unix_time().as_millis() as i64
}
