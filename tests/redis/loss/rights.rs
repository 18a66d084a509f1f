//! Redis refuses single commands for a while. By a user whose rights change, each failure can be had
//! by itself.

use std::time::Duration;

use crate::support::{Gateway, Request, Server, becomes, joins, joins_with};

const SOON: Duration = Duration::from_secs(10);

/// Changes the rights of the user whose name and password are `b`.
async fn may(redis: &Server, rights: &[&str]) {
    let words = [&["ACL", "SETUSER", "b"], rights].concat();
    redis.say(&words).await;
}

/// A server, a node that may do anything there, and one whose rights can change.
async fn two() -> (Server, Gateway, Gateway) {
    let redis = Server::start().await;
    may(&redis, &["on", ">b", "~*", "&*", "+@all"]).await;
    let a = joins(&redis.url()).await;
    let b = joins(&url_of_b(&redis)).await;
    (redis, a, b)
}

fn url_of_b(redis: &Server) -> String {
    format!("redis://b:b@{}", redis.address())
}

/// From now on the node of `b` hears nothing.
async fn goes_deaf(redis: &Server, b: &Gateway) {
    // Who has subscribed to what he may not, is cut.
    may(redis, &["resetchannels"]).await;
    let series = r#"scangate_redis_commands_total{command="ssubscribe",result="refused"}"#;
    let refused = async || b.metric(series).await.unwrap_or_default();
    becomes(SOON, "a refused subscription", refused, |many| *many > 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_at_first_is_read_later() {
    let (redis, a, b) = two().await;
    let code = a.code().await;
    let mut page = b.page().await;
    page.binds_since(&code, "").await;
    page.hears_nothing().await;
    goes_deaf(&redis, &b).await;
    may(&redis, &["-xrange"]).await;
    // The last event for a long time: no later one shows that it is missing.
    assert_eq!(a.backend().await.say(&code.nth(0)).await, "queued");
    may(&redis, &["allchannels"]).await;
    let series = r#"scangate_redis_commands_total{command="replay",result="refused"}"#;
    let refused = async || b.metric(series).await.unwrap_or_default();
    becomes(SOON, "another try", refused, |many| *many > 1.0).await;
    may(&redis, &["+xrange"]).await;
    assert_eq!(page.next_with_id().await.0, code.nth(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_did_not_hear_of_the_end_does_not_undo_it() {
    let (redis, a, b) = two().await;
    let code = a.code().await;
    let mut page = b.page().await;
    page.binds(&code).await;
    page.hears_nothing().await;
    goes_deaf(&redis, &b).await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    assert_eq!(a.tells(Request::new("DELETE", &path)).await.status, 204);
    may(&redis, &["allchannels"]).await;
    page.is_closed_with(4401).await;
    assert_eq!(a.tells(Request::get(&path)).await.status, 404);
    assert_eq!(a.backend().await.say(&code.nth(0)).await, "fail");

    // Who puts it on record again means it.
    let body = format!(r#"{{"uid":{},"ticket":"{}"}}"#, code.uid, code.ticket);
    let again = Request::post("/api/v1/sessions", body);
    assert_eq!(a.tells(again).await.status, 201);
    let mut page = b.page().await;
    page.binds(&code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_for_which_nobody_may_wait_is_unknown() {
    let redis = Server::start().await;
    may(&redis, &["on", ">b", "~*", "&*", "+@all", "-wait"]).await;
    let b = joins_with(&url_of_b(&redis), |config| config.broker.wait_replicas = 1).await;
    let code = b.code().await;
    let mut page = b.page().await;
    page.binds(&code).await;
    page.hears_nothing().await;
    assert_eq!(b.backend().await.say(&code.nth(0)).await, "unknown");
    page.hears(&code.nth(0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_left_while_redis_was_away_is_given_back_later() {
    let mut redis = Server::durable().await;
    let node = joins(&redis.url()).await;
    let code = node.code().await;
    let record = format!("scangate:{{{}}}:s", code.uid);
    let mut page = node.page().await;
    page.binds(&code).await;
    redis.dies().await;
    page.leaves().await;
    node.has("scangate_bindings", 0.0).await;
    redis.returns().await;
    let grace = 200_000;
    let life = async || redis.say(&["PTTL", &record]).await.number();
    becomes(SOON, "its life in ms", life, |life| {
        (1..grace).contains(life)
    })
    .await;
}
