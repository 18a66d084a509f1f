//! What happened to a session at two nodes, as each of them tells it.

use crate::support::{
    Gateway, Platform, Reply, Request, Server, a_life_is_told, a_push_is_followed, a_scan_is_timed,
    joins_with, last_moments_are_kept,
};

async fn two(redis: &Server, platform: &Platform) -> [Gateway; 2] {
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    [join().await, join().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_at_one_node_is_timed_to_the_screen_at_the_other() {
    let (redis, platform) = (Server::start().await, Platform::start().await);
    let [a, b] = two(&redis, &platform).await;
    a_scan_is_timed(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_tell_one_life_in_its_order() {
    let (redis, platform) = (Server::start().await, Platform::start().await);
    let [a, b] = two(&redis, &platform).await;
    a_life_is_told(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_followed_from_the_door_to_the_socket() {
    let (redis, platform) = (Server::start().await, Platform::start().await);
    let [a, b] = two(&redis, &platform).await;
    a_push_is_followed(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_saw_at_last_is_remembered() {
    let (redis, platform) = (Server::start().await, Platform::start().await);
    let [a, b] = two(&redis, &platform).await;
    last_moments_are_kept(a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_that_nobody_knows_leaves_nothing_at_redis() {
    let (redis, platform) = (Server::start().await, Platform::start().await);
    let [a, b] = two(&redis, &platform).await;
    let mut page = a.page().await;
    page.says(r#"{"uid":7,"ticket":"gQ"}"#).await;
    page.is_refused("uid_unknown").await;
    let mut backend = b.backend().await;
    assert_eq!(backend.say(r#"{"uid":7,"ticket":"gQ"}"#).await, "fail");
    let path = "/api/v1/sessions/7/timeline";
    assert_eq!(a.tells(Request::get(path)).await.status, 404);
    // Whatever was noted before this is at Redis with it.
    let code = a.code().await;
    crate::support::lives_to(&a, code.uid, "issued", 1).await;
    let keys = redis.say(&["KEYS", "scangate:{7}:*"]).await;
    assert_eq!(keys, Reply::List(Vec::new()));
}
