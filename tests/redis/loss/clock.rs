//! A Redis that has lost events, and whose clock is behind the one that gave them their ids: a replica
//! after a failover, say.

use std::time::Duration;

use crate::support::{Code, Reply, Server, becomes, joins, now};

#[tokio::test(flavor = "multi_thread")]
async fn new_events_come_after_lost_ones_though_the_clock_is_behind() {
    let redis = Server::start().await;
    let node = joins(&redis.url()).await;
    let code = node.code().await;
    let ahead = format!("{}-0", (now() + 3600) * 1000);
    has_last(&redis, &code, &ahead).await;
    let mut page = node.page().await;
    page.binds_since(&code, "").await;
    let mut backend = node.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    let (_, seen) = page.next_with_id().await;
    assert!(seen.starts_with(ahead.trim_end_matches('0')), "{seen}");

    // What the page has seen was never there, as far as this Redis knows.
    let events = format!("scangate:{{{}}}:e", code.uid);
    redis.say(&["DEL", &events]).await;
    has_last(&redis, &code, "1-1").await;
    redis.drops_subscribers().await;
    let last = async || {
        let session = format!("scangate:{{{}}}:s", code.uid);
        redis.say(&["HGET", &session, "last"]).await
    };
    let is_raised = |last: &Reply| last.text() == seen;
    becomes(Duration::from_secs(5), "the last id", last, is_raised).await;
    assert_eq!(backend.say(&code.nth(2)).await, "ok");
    assert_eq!(page.next_with_id().await.0, code.nth(2));
}

/// Makes `id` the newest of the session's.
async fn has_last(redis: &Server, code: &Code, id: &str) {
    let key = |kind| format!("scangate:{{{}}}:{kind}", code.uid);
    redis.say(&["XADD", &key('e'), id, "t", ""]).await;
    redis.say(&["XDEL", &key('e'), id]).await;
    redis.say(&["HSET", &key('s'), "last", id]).await;
}
