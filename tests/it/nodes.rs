//! What scans are for, at two nodes of one process: the stories that `tests/redis` tells of Redis. And
//! at one node, which stops and starts again.

use std::sync::Arc;

use redb::{Database, TableDefinition};
use scangate::broker::Broker;
use scangate::broker::embedded::Embedded;
use scangate::config::Config;
use tempfile::TempDir;

use crate::support::stories::estate::{self, Estate};
use crate::support::stories::{accounts, confirmations, messages, retries, tell_of_scans};
use crate::support::{Gateway, Platform, broker, nobody};

/// Nodes `a` and `b`, and what they stand on.
struct Pair {
    a: Gateway,
    b: Gateway,
    platform: Platform,
    broker: Arc<Embedded>,
    _data: TempDir,
}

impl Pair {
    async fn with(change: impl Fn(&mut Config)) -> Pair {
        let platform = Platform::start().await;
        let (broker, data) = broker().await;
        let join = async |name| {
            Gateway::joins(&broker, name, |config| {
                platform.serves(config);
                change(config);
            })
            .await
        };
        let [a, b] = [join("a").await, join("b").await];
        Pair {
            a,
            b,
            platform,
            broker,
            _data: data,
        }
    }

    /// The place of another node, where nobody listens.
    async fn another(&self) -> Broker {
        Broker::Embedded(self.broker.join("another", nobody()))
    }
}

tell_of_scans!(Pair);

/// One node, and the place of another at its broker.
async fn alone() -> (Pair, Broker) {
    let mut pair = Pair::with(|_| {}).await;
    pair.b.is_told_to_go();
    pair.b.is_gone().await;
    let another = pair.another().await;
    (pair, another)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_day_is_over() {
    let (pair, another) = alone().await;
    retries::a_used_up_day_is_over(&pair.a, &pair.platform, &another).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_minute_is_over() {
    let (pair, another) = alone().await;
    retries::a_used_up_minute_is_over(&pair.a, &pair.platform, &another).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_too_much_is_nobody_elses() {
    let (pair, another) = alone().await;
    retries::one_persons_too_much(&pair.a, &pair.platform, &another).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_outlives_a_restart() {
    let platform = Platform::start().await;
    let data = TempDir::new().unwrap();
    let start = async || {
        Gateway::with(|config| {
            platform.serves(config);
            config.data.dir = data.path().to_owned();
            estate::settings(config);
        })
        .await
    };
    let mut gateway = start().await;
    let estate = Estate::left_at(&gateway, &platform).await;
    gateway.is_told_to_go();
    gateway.is_gone().await;
    drop(gateway);

    let gateway = start().await;
    estate.is_found_at(&gateway, &platform).await;
    // Sessions are kept in the memory of the process.
    estate.is_too_late_to_confirm_at(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_more_messages_fit_the_sender_is_told() {
    const JOBS: TableDefinition<(&str, &str), (u64, u32, &str)> = TableDefinition::new("jobs");
    const DUE: TableDefinition<(&str, u64, &str), ()> = TableDefinition::new("due");
    /// The year 2100.
    const LATER: u64 = 4_102_444_800_000;
    let data = TempDir::new().unwrap();
    let file = Database::create(data.path().join("scangate.redb")).unwrap();
    let write = file.begin_write().unwrap();
    {
        let mut jobs = write.open_table(JOBS).unwrap();
        let mut due = write.open_table(DUE).unwrap();
        for n in 0..100_000 {
            let id = n.to_string();
            jobs.insert(("messages", &*id), (LATER, 0, "")).unwrap();
            due.insert(("messages", LATER, &*id), ()).unwrap();
        }
    }
    write.commit().unwrap();
    drop(file);
    let platform = Platform::start().await;
    let retention = scangate::broker::embedded::Retention {
        grace: std::time::Duration::from_secs(60),
        events: 128,
        push_ids: 4096,
    };
    let broker = Embedded::open(data.path(), retention).await.unwrap();
    let gateway = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let another = Broker::Embedded(broker.join("another", nobody()));
    retries::when_no_more_fit(&gateway, &another, "0").await;
}
