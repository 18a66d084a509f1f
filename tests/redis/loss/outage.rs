//! Redis dies and comes back: with what it had on disk, or empty.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{
    ANSWER_WITHIN, Crowd, Platform, Request, Server, becomes, free_port, joins, joins_with, passes,
    tally,
};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// After the return of Redis everything works within this.
const BACK: Duration = Duration::from_secs(3);
/// How long Redis is away.
const AWAY: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_with_a_disk_loses_nothing() {
    let mut redis = Server::durable().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 8).await;
    for away in [Duration::ZERO, AWAY] {
        crowd.goes_on(SOON).await;
        redis.dies().await;
        passes(away).await;
        redis.returns().await;
        let back = crowd.goes_on(SOON).await;
        println!("back {back:?} after its return, it was away for {away:?}");
        assert!(back < BACK, "{back:?}");
    }
    let told = crowd.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_redis_is_filled_again() {
    let mut redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 8).await;
    let since = Instant::now();
    crowd.goes_on(SOON).await;
    redis.dies().await;
    let forgotten = since..Instant::now();
    passes(AWAY).await;
    redis.returns().await;
    let back = crowd.goes_on(SOON).await;
    println!("back {back:?} after its return");
    assert!(back < BACK, "{back:?}");
    let told = crowd.heard_but(&forgotten, SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        assert!(heard.gaps <= 1, "{heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_sessions_come_back_as_they_were() {
    let mut redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let [held, left] = [a.code_with_key().await, a.code().await];
    let mut page = a.page().await;
    page.binds_since(&held, "").await;
    // Answered when the bind is through with everything.
    page.says(r#"{"cmd":"ping","pong":true}"#).await;
    page.hears(r#"{"cmd":"pong"}"#).await;
    redis.dies().await;
    redis.returns().await;

    // A page that knows the key can bind at the other node; one that does not cannot.
    let path = format!("/api/v1/sessions/{}", held.uid);
    let question = async || b.tells(Request::get(&path)).await.status;
    becomes(BACK, "the session", question, |status| *status == 200).await;
    let mut other = b.page().await;
    other
        .says(&held.text.replace(r#""key":""#, r#""key":"0"#))
        .await;
    other.is_refused("ticket_mismatch").await;
    other.binds_since(&held, "").await;
    let mut backend = b.backend().await;
    let line = held.nth(0);
    let say = async || backend.ask(&line).await["nodes"].clone();
    becomes(BACK, "both nodes", say, |nodes| *nodes == 2).await;
    // What no page held is gone.
    assert_eq!(backend.say(&left.nth(0)).await, "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doors_say_that_it_is_away() {
    let mut redis = Server::start().await;
    let platform = Platform::start().await;
    let node = joins_with(&redis.url(), |config| platform.serves(config)).await;
    let health = async || node.tells(Request::get("/readyz")).await;
    assert_eq!(health().await.text().trim(), "ready");
    node.qrcode("token").await;

    redis.dies().await;
    let word = async || health().await.text().trim().to_owned();
    becomes(BACK, "the health", word, |word| word == "degraded").await;
    assert_eq!(health().await.status, 200, "a fault that every node sees");
    let begun = Instant::now();
    let refused = node.answers(Request::get("/qrcode")).await;
    assert!(begun.elapsed() < ANSWER_WITHIN);
    assert_eq!(refused.error(503), "unavailable");
    assert!(refused.retry_after() > 0);

    redis.returns().await;
    let word = async || health().await.text().trim().to_owned();
    let back = becomes(BACK, "the health", word, |word| word == "ready").await;
    println!("ready {back:?} after its return");
    node.qrcode("token").await;
}

/// What a client library may take for the end of everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_was_none_for_a_moment_is_found_again() {
    let bus = free_port().to_string();
    let cluster = Server::cluster_settings(&bus);
    let mut redis = Server::with(&cluster).await;
    redis.has_all_slots().await;
    let url = redis.cluster_url();
    let [a, b] = [joins(&url).await, joins(&url).await];
    let crowd = Crowd::gathers(&[&a, &b], 4).await;
    let since = Instant::now();
    crowd.goes_on(SOON).await;
    redis.dies().await;
    let forgotten = since..Instant::now();
    redis.returns_with(&[]).await;
    passes(AWAY).await;
    redis.dies().await;
    redis.returns_with(&cluster).await;
    let back = crowd.goes_on(SOON).await;
    println!("back {back:?} after its return");
    let told = crowd.heard_but(&forgotten, SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
}
