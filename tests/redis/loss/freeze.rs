//! Redis stops for a while with every connection open, and then goes on where it stopped: with the
//! commands that were sent meanwhile.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{
    ANSWER_WITHIN, Crowd, Phone, Platform, Request, Server, becomes, is_long, joins, joins_with,
    passes, tally,
};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// After the return of Redis everything works within this.
const BACK: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_late_is_not_done() {
    // Longer than a command is waited for, shorter than it takes to give a connection up.
    freezes_for(&[Duration::from_millis(1500)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_owe_answers_are_given_up() {
    if !is_long("Redis frozen for 0.5 s, 4 s and 8 s") {
        return;
    }
    let times = [500, 4000, 8000].map(Duration::from_millis);
    freezes_for(&times).await;
}

/// Its connections stand, but nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn the_doors_say_that_it_stands_still() {
    let redis = Server::start().await;
    let platform = Platform::start().await;
    let node = joins_with(&redis.url(), |config| platform.serves(config)).await;
    let code = node.qrcode("token").await;
    let mut page = node.page().await;
    page.binds(&code).await;
    redis.freezes().await;

    let word = async || node.tells(Request::get("/readyz")).await.text().to_owned();
    let is = |wanted: &'static str| move |word: &String| word.trim() == wanted;
    becomes(SOON, "the health", word, is("degraded")).await;
    let begun = Instant::now();
    let qrcode = node.answers(Request::get("/qrcode")).await;
    assert_eq!(qrcode.error(503), "unavailable");
    assert_eq!(Phone::of(&node, "ann").scans(&code).await.status, 503);
    assert_eq!(node.backend().await.say(&code.nth(0)).await, "fail");
    let mut other = node.page().await;
    other.says(&code.text).await;
    other.is_refused("unavailable").await;
    assert!(begun.elapsed() < 4 * ANSWER_WITHIN, "four doors");
    // Who was there is there.
    page.says(r#"{"cmd":"ping","pong":true}"#).await;
    page.hears(r#"{"cmd":"pong"}"#).await;

    redis.thaws().await;
    let back = becomes(SOON, "the health", word, is("ready")).await;
    println!("ready {back:?} after it went on");
    other.binds(&code).await;
    Phone::of(&node, "ann").scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
}

async fn freezes_for(times: &[Duration]) {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 8).await;
    for time in times {
        crowd.goes_on(SOON).await;
        redis.freezes().await;
        passes(*time).await;
        redis.thaws().await;
        let back = crowd.goes_on(SOON).await;
        println!("back {back:?} after {time:?} of frost");
        assert!(back < BACK, "{back:?}");
    }
    let told = crowd.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
    let mut lines = told.iter().flat_map(|(said, _)| said);
    assert!(lines.any(|line| line.word == "unknown"), "it was frozen");
}
