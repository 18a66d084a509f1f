//! Binding: who may, with what, and what a refusal leaves as it was.

use std::time::{Duration, Instant};

use crate::support::{Code, Gateway, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_bind_is_echoed_byte_for_byte() {
    let gateway = Gateway::start().await;
    let code = gateway.code_with_key().await;
    let mut page = gateway.page().await;
    let Code { uid, ticket, .. } = &code;
    let json: serde_json::Value = serde_json::from_str(&code.text).unwrap();
    let key = json["key"].as_str().unwrap();
    for bind in [
        code.text.clone(),
        code.with(r#""more":[1.0,{"x":null}]"#),
        format!(r#" {{ "key":"{key}", "uid":"{uid}", "ticket":"{ticket}", "name":"扫" }} "#),
    ] {
        page.says(&bind).await;
        page.hears(&bind).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_a_key_wants_the_key() {
    let gateway = Gateway::start().await;
    let code = gateway.code_with_key().await;
    let Code { uid, ticket, .. } = &code;
    let mut page = gateway.page().await;
    for wrong in [
        format!(r#"{{"uid":{uid},"ticket":"{ticket}"}}"#),
        format!(r#"{{"uid":{uid},"ticket":"{ticket}","key":""}}"#),
        format!(r#"{{"uid":{uid},"ticket":"{ticket}","key":"00000000000000000000000000000000"}}"#),
        format!(r#"{{"uid":{uid},"ticket":"{ticket}","key":null}}"#),
        format!(r#"{{"uid":{uid},"ticket":"{ticket}","key":true}}"#),
    ] {
        page.says(&wrong).await;
        page.is_refused("ticket_mismatch").await;
    }
    page.binds(&code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_ticket_of_any_type_is_refused() {
    let gateway = Gateway::with(|config| config.bind.refusals = 100).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    let long = format!("\"{}\"", "x".repeat(513));
    for ticket in [
        "\"\"",
        "\"gQother\"",
        "true",
        "null",
        "1",
        "[]",
        "{}",
        &long,
    ] {
        page.says(&format!(r#"{{"uid":{},"ticket":{ticket}}}"#, code.uid))
            .await;
        page.is_refused("ticket_mismatch").await;
    }
    page.says(&format!(r#"{{"uid":{}}}"#, code.uid)).await;
    page.is_refused("ticket_mismatch").await;
    page.binds(&code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_ticket_is_a_ticket() {
    let gateway = Gateway::with(|config| config.bind.register = true).await;
    let mut page = gateway.page().await;
    page.binds(&Code::foreign(5, &"x".repeat(512))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_uid_binds_nothing() {
    let gateway = Gateway::with(|config| {
        config.bind.register = true;
        config.bind.refusals = 100;
    })
    .await;
    let mut page = gateway.page().await;
    for uid in [
        "0",
        "-1",
        "1.0",
        "1.5",
        "1e3",
        "4294967296",
        "18446744073709551617",
        "null",
        "true",
        "[1]",
        "{}",
        r#""""#,
        r#""0""#,
        r#""01""#,
        r#"" 1""#,
        r#""1 ""#,
        r#""+1""#,
        r#""-1""#,
        r#""1.0""#,
        r#""0x1""#,
        r#""4294967296""#,
        r#""１""#,
    ] {
        page.says(&format!(r#"{{"uid":{uid},"ticket":"gQ"}}"#))
            .await;
        page.says(r#"{"cmd":"ping","pong":true}"#).await;
        // Whether it is told so is not written anywhere; that nothing is bound is.
        let mut heard = page.next().await;
        if heard.contains(r#""cmd":"error""#) {
            heard = page.next().await;
        }
        assert_eq!(heard, r#"{"cmd":"pong"}"#, "{uid} was taken for a uid");
    }
    assert_eq!(gateway.metric("scangate_bindings").await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_and_its_digits_are_one_uid() {
    let gateway = Gateway::with(|config| config.bind.register = true).await;
    let mut page = gateway.page().await;
    let mut backend = gateway.backend().await;
    for uid in ["1", "4294967200", "4294967295"] {
        let bind = format!(r#"{{"uid":"{uid}","ticket":"gQ"}}"#);
        page.says(&bind).await;
        page.hears(&bind).await;
        let event = format!(r#"{{"uid":{uid},"ticket":"gQ"}}"#);
        assert_eq!(backend.say(&event).await, "ok");
        page.hears(&event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_bind_leaves_the_connection_and_its_earlier_bind() {
    let gateway = Gateway::start().await;
    let (code, other) = (gateway.code().await, gateway.code().await);
    let mut page = gateway.page().await;
    page.binds(&code).await;
    page.says(&Code::foreign(other.uid, "gQwrong").text).await;
    page.is_refused("ticket_mismatch").await;
    page.says(&Code::foreign(1, "gQunknown").text).await;
    page.is_refused("uid_unknown").await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
    assert_eq!(backend.say(&other.nth(1)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenth_refusal_closes() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    let (unknown, wrong) = (
        Code::foreign(1, "gQ").text,
        Code::foreign(code.uid, "gQ").text,
    );
    for refusal in 1..10 {
        if refusal % 2 == 0 {
            page.says(&unknown).await;
            page.is_refused("uid_unknown").await;
        } else {
            page.says(&wrong).await;
            page.is_refused("ticket_mismatch").await;
        }
    }
    page.hears_nothing().await;
    page.says(&wrong).await;
    page.websocket().is_closed_with(4403).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_uid_releases_the_first() {
    let gateway = Gateway::start().await;
    let (first, second) = (gateway.code().await, gateway.code().await);
    let mut page = gateway.page().await;
    let mut backend = gateway.backend().await;
    page.binds(&first).await;
    page.binds(&second).await;
    assert_eq!(backend.say(&first.nth(1)).await, "queued");
    assert_eq!(backend.say(&second.nth(1)).await, "ok");
    page.hears(&second.nth(1)).await;
    assert_eq!(gateway.metric("scangate_bindings").await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_uid_again_is_still_one_binding() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    let mut backend = gateway.backend().await;
    for n in 0..3 {
        page.binds(&code).await;
        assert_eq!(backend.say(&code.nth(n)).await, "ok");
        page.hears(&code.nth(n)).await;
        page.hears_nothing().await;
    }
    page.leaves().await;
    gateway.has("scangate_bindings", 0.0).await;
    assert_eq!(backend.say(&code.nth(9)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_events_follow_the_echo() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    for round in 0..20 {
        let mut page = gateway.page().await;
        // Both at once: whichever way the race goes, the echo comes first.
        backend.writes(&format!("{}\n", code.nth(round))).await;
        page.says(&code.text).await;
        assert_eq!(page.next().await, code.text, "round {round}");
        backend.reply().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_held_is_unknown_after_life_and_grace() {
    let gateway = Gateway::with(|config| {
        config.session.life = Duration::from_secs(1);
        config.session.grace = Duration::from_millis(500);
    })
    .await;
    let begun = Instant::now();
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    // Nothing renews by being pushed to.
    eventually("the push", "fail".to_owned(), async || {
        backend.say(&code.nth(1)).await
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_millis(1500));
    let mut page = gateway.page().await;
    page.says(&code.text).await;
    page.is_refused("uid_unknown").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grace_begins_when_the_last_page_leaves() {
    let gateway = Gateway::with(|config| {
        config.session.life = Duration::from_secs(1);
        config.session.grace = Duration::from_secs(1);
    })
    .await;
    let (code, clock) = (gateway.code().await, gateway.code().await);
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    eventually("the push to the other", "fail".to_owned(), async || {
        backend.say(&clock.nth(1)).await
    })
    .await;
    let left = Instant::now();
    page.leaves().await;
    gateway.has("scangate_bindings", 0.0).await;
    let mut back = gateway.page().await;
    back.binds(&code).await;
    back.leaves().await;
    eventually("the push", "fail".to_owned(), async || {
        backend.say(&code.nth(1)).await
    })
    .await;
    assert!(left.elapsed() >= Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_the_text_that_its_json_means() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    let bind = code.text.replace("gQ", "\\u0067Q").replace('/', "\\/");
    assert_ne!(bind, code.text);
    page.says(&bind).await;
    page.hears(&bind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_a_key_asks_for_none() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    for key in [r#""key":"of another system""#, r#""key":7"#] {
        let bind = code.with(key);
        page.says(&bind).await;
        page.hears(&bind).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_ticket_registers_nothing() {
    let gateway = Gateway::with(|config| config.bind.register = true).await;
    let mut page = gateway.page().await;
    for ticket in [r#""""#, "true", "7", "null"] {
        page.says(&format!(r#"{{"uid":7,"ticket":{ticket}}}"#))
            .await;
        let refusal = page.next().await;
        assert!(refusal.contains(r#""cmd":"error""#), "{refusal}");
    }
    page.binds(&Code::foreign(7, "gQ")).await;
}
