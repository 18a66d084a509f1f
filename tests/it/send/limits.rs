//! How much may be sent.

use super::{Stage, is_ok, is_refused};
use crate::support::Request;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_so_many_a_minute_and_others_their_own() {
    let stage = Stage::with(|config| config.send.per_minute = 3).await;
    let hers = stage.token_of(&stage.phone("ann")).await;
    let his = stage.token_of(&stage.phone("bob")).await;
    for n in 0..3 {
        is_ok(&stage.sends(&hers, &format!("text={n}")).await);
    }
    let answer = stage.sends(&hers, "text=3").await;
    is_refused(&answer, 429, "limited");
    assert!((1..=60).contains(&answer.retry_after()));
    is_ok(&stage.sends(&his, "text=0").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_so_many_a_day() {
    let stage = Stage::with(|config| {
        config.send.per_minute = 0;
        config.send.per_day = 2;
    })
    .await;
    let token = stage.token_of(&stage.phone("ann")).await;
    for n in 0..2 {
        is_ok(&stage.sends(&token, &format!("text={n}")).await);
    }
    let answer = stage.sends(&token, "text=3").await;
    is_refused(&answer, 429, "limited");
    assert!((3600..=86_400).contains(&answer.retry_after()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_renews_the_token_begins_no_new_count() {
    let stage = Stage::with(|config| config.send.per_minute = 1).await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    is_ok(&stage.sends(&token, "text=0").await);
    ann.writes("renew").await;
    let renewed = stage.token_of(&ann).await;
    assert_ne!(renewed, token);
    is_refused(&stage.sends(&renewed, "text=1").await, 429, "limited");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tokens_together_have_so_many() {
    let stage = Stage::with(|config| {
        config.send.per_minute = 2;
        config.send.all_per_minute = 3;
    })
    .await;
    let hers = stage.token_of(&stage.phone("ann")).await;
    let his = stage.token_of(&stage.phone("bob")).await;
    // What one token has too many does not count against all.
    let mut statuses = Vec::new();
    for (token, n) in [
        (&hers, 0),
        (&hers, 1),
        (&hers, 2),
        (&hers, 3),
        (&his, 0),
        (&his, 1),
    ] {
        statuses.push(stage.sends(token, &format!("text={n}")).await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 429, 200, 429]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_tokens_is_not_listened_to_for_a_while() {
    let stage = Stage::with(|config| config.send.failures_per_minute = 3).await;
    let token = stage.token_of(&stage.phone("ann")).await;
    for n in 0..3 {
        is_ok(&stage.sends(&token, &format!("text={n}")).await);
        let wrong = stage.sends(&format!("SG{n}"), "text=x").await;
        is_refused(&wrong, 404, "token_unknown");
    }
    let answer = stage.sends("SG3", "text=x").await;
    is_refused(&answer, 429, "limited");
    assert!((1..=60).contains(&answer.retry_after()));
    // Who has a token that stands may share the address.
    is_ok(&stage.sends(&token, "text=y").await);
    is_refused(&stage.sends("SG3", "text=x").await, 429, "limited");
    // A proxy that nobody named hides who it is.
    let hidden = Request::get("/SG4.send?text=x").header("X-Forwarded-For", "192.0.2.1");
    is_refused(&stage.gateway.answers(hidden).await, 404, "token_unknown");
}
