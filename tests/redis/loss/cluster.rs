//! A Redis Cluster: sessions on every shard, a slot that moves, a shard whose primary dies.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{Cluster, Crowd, is_long, joins, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(20);
/// Within this every page goes on after a slot has moved: once around the audit, and a little.
const MOVED: Duration = Duration::from_secs(5);
/// Within this every page goes on after a primary's death: the others must be sure of it, and its
/// replica must be elected.
const BACK: Duration = Cluster::NODE_TIMEOUT.saturating_add(Duration::from_secs(7));

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_moves_under_its_pages() {
    let mut redis = Cluster::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 40).await;
    for shard in redis.primaries() {
        assert!(
            shard.say(&["DBSIZE"]).await.number() > 10,
            "sessions everywhere"
        );
    }
    for code in &crowd.codes()[..4] {
        let before = redis.shard_of(code).await;
        redis.moves(code).await;
        let begun = Instant::now();
        assert_ne!(redis.shard_of(code).await, before);
        crowd.goes_on(SOON).await;
        let back = begun.elapsed();
        println!("back {back:?} after the move");
        assert!(back < MOVED, "{back:?}");
    }
    let told = crowd.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_fails_over_to_its_replica() {
    if !is_long("a shard of a Cluster fails over") {
        return;
    }
    let mut redis = Cluster::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 20).await;
    let since = Instant::now();
    crowd.goes_on(SOON).await;
    redis.primaries()[1].dies().await;
    let forgotten = since..Instant::now();
    let back = crowd.goes_on(SOON).await;
    println!("back {back:?} after the primary's death");
    assert!(back < BACK, "{back:?}");
    let told = crowd.heard_but(&forgotten, SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
}
