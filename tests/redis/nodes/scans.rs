//! What scans are for, at two nodes that share a Redis: the stories that `tests/it` tells of two nodes
//! of one process. And Redis dies and comes back with what it had on disk.

use scangate::broker::Broker;
use scangate::config::Config;

use crate::support::stories::estate::{self, Estate};
use crate::support::stories::{accounts, confirmations, messages, retries, tell_of_scans};
use crate::support::{Gateway, Platform, Server, joins_with, onlooker};

/// Nodes `a` and `b`, and what they stand on.
struct Pair {
    a: Gateway,
    b: Gateway,
    platform: Platform,
    redis: Server,
}

impl Pair {
    async fn with(change: impl Fn(&mut Config)) -> Pair {
        let platform = Platform::start().await;
        let redis = Server::start().await;
        let [a, b] = [
            joins(&redis, &platform, &change).await,
            joins(&redis, &platform, &change).await,
        ];
        Pair {
            a,
            b,
            platform,
            redis,
        }
    }

    /// The place of another node, where nobody listens.
    async fn another(&self) -> Broker {
        onlooker(&self.redis.url()).await
    }
}

async fn joins(redis: &Server, platform: &Platform, change: impl Fn(&mut Config)) -> Gateway {
    joins_with(&redis.url(), |config| {
        platform.serves(config);
        change(config);
    })
    .await
}

tell_of_scans!(Pair);

/// One node, its platform, its Redis, and the place of another node there.
async fn alone() -> (Gateway, Platform, Server, Broker) {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let node = joins(&redis, &platform, |_| {}).await;
    let another = onlooker(&redis.url()).await;
    (node, platform, redis, another)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_day_is_over() {
    let (node, platform, _redis, another) = alone().await;
    retries::a_used_up_day_is_over(&node, &platform, &another).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_up_minute_is_over() {
    let (node, platform, _redis, another) = alone().await;
    retries::a_used_up_minute_is_over(&node, &platform, &another).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_too_much_is_nobody_elses() {
    let (node, platform, _redis, another) = alone().await;
    retries::one_persons_too_much(&node, &platform, &another).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_more_messages_fit_the_sender_is_told() {
    let (node, _platform, redis, another) = alone().await;
    // Due in the year 2100.
    let fill = "for n = 0, 99999 do \
                redis.call('ZADD', KEYS[1], 4102444800000, n) \
                redis.call('HSET', KEYS[2], n, '') end";
    let due = "scangate:{jobs:messages}:due";
    let payloads = "scangate:{jobs:messages}:payloads";
    redis.say(&["EVAL", fill, "2", due, payloads]).await;
    retries::when_no_more_fit(&node, &another, "0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_outlives_a_redis_with_a_disk() {
    let platform = Platform::start().await;
    let mut redis = Server::durable().await;
    let mut node = joins(&redis, &platform, estate::settings).await;
    let estate = Estate::left_at(&node, &platform).await;
    // Nobody is left who could fill it again.
    node.is_told_to_go();
    node.is_gone().await;
    redis.dies().await;
    redis.returns().await;

    let node = joins(&redis, &platform, estate::settings).await;
    estate.is_found_at(&node, &platform).await;
    estate.is_confirmed_at(&node).await;
}
