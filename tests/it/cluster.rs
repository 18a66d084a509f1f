//! Two nodes on one broker: whatever node a backend or a page comes to, it is one gateway.

use std::time::Duration;

use crate::support::{CLOSE, Code, Gateway, Page, Phone, Platform, Request, a_page_moves, broker};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_at_one_node_reaches_a_page_at_the_other() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    let code = a.code().await;
    let mut page = b.page().await;
    page.binds(&code).await;
    let mut backend = a.backend().await;
    for n in 0..50 {
        assert_eq!(backend.say(&code.nth(n)).await, "ok");
    }
    for n in 0..50 {
        page.hears(&code.nth(n)).await;
    }
    assert_eq!(backend.ask(&code.nth(50)).await["nodes"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_that_both_nodes_hold_is_served_at_both() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    let code = a.code().await;
    let mut pages = [a.page().await, a.page().await, b.page().await];
    for page in &mut pages {
        page.binds(&code).await;
    }
    let line = code.event(r#""reply":"verbose""#);
    let answer = b.tells(Request::post("/api/v1/push", line.clone())).await;
    assert_eq!(answer.json()["nodes"], 2);
    for page in &mut pages {
        page.hears(&line).await;
        page.hears_nothing().await;
    }
    let session = Request::get(&format!("/api/v1/sessions/{}", code.uid));
    let nodes = a.tells(session.clone()).await.json()["nodes"].clone();
    assert_eq!(nodes.as_array().unwrap().len(), 2, "{nodes}");

    let [one, two, other] = pages;
    one.leaves().await;
    two.leaves().await;
    a.has("scangate_bindings", 0.0).await;
    let mut backend = a.backend().await;
    assert_eq!(backend.ask(&code.nth(1)).await["nodes"], 1);
    other.leaves().await;
    b.has("scangate_bindings", 0.0).await;
    assert_eq!(backend.say(&code.nth(2)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_moves_to_the_other_node_misses_nothing() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    a_page_moves(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_at_one_node_ends_at_all() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    let code = a.code().await;
    let mut pages = [a.page().await, b.page().await];
    for page in &mut pages {
        page.binds(&code).await;
    }
    let path = format!("/api/v1/sessions/{}", code.uid);
    b.tells(Request::new("DELETE", &path)).await;
    for page in &mut pages {
        page.is_closed_with(4401).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_page_and_callback_may_each_meet_another_node() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let b = Gateway::joins(&broker, "b", |config| platform.serves(config)).await;
    let code = a.qrcode("login").await;
    let mut page = b.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&a, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    ann.sends(&scan).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result: serde_json::Value = serde_json::from_str(&page.next().await).unwrap();

    // The platform sends it again, and the balancer brings it to the other node.
    let again = Phone::of(&b, "ann").sends(&scan).await;
    assert_eq!((again.status, again.text()), (200, "success"));
    page.hears_nothing().await;

    let body = format!(r#"{{"token":{}}}"#, result["token"]);
    let verify = Request::post("/api/v1/login/verify", body);
    assert_eq!(b.tells(verify.clone()).await.json()["openid"], ann.openid);
    a.tells(verify).await.error(410);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_node_knows_the_other() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    let _page = b.page().await;
    b.has("scangate_connections", 1.0).await;
    let list = a.tells(Request::get("/api/v1/nodes")).await.json();
    let text = list.to_string();
    assert!(text.contains(r#""a""#) && text.contains(r#""b""#), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn until_its_own_goodbye_each_page_keeps_receiving() {
    let (broker, _data) = broker().await;
    let mut leaving = Gateway::joins(&broker, "leaving", |config| {
        config.drain.over = Duration::from_secs(1);
    })
    .await;
    let staying = Gateway::joins(&broker, "staying", |_| {}).await;
    let code = staying.code().await;
    let mut readers = Vec::new();
    for _ in 0..10 {
        let mut page = leaving.page().await;
        page.binds(&code).await;
        readers.push(tokio::spawn(reads_to_the_goodbye(page, code.clone())));
    }
    let mut backend = staying.backend().await;
    leaving.is_told_to_go();
    // The answers are the clock: pushed without a pause until nobody there holds the uid.
    let mut pushed = 0;
    while backend.say(&code.nth(pushed)).await == "ok" {
        pushed += 1;
    }
    let mut heard = Vec::new();
    for reader in readers {
        heard.push(reader.await.unwrap());
    }
    heard.sort_unstable();
    assert!(
        heard.first() < heard.last(),
        "they all went at once: {heard:?}"
    );
    // An event that was on its way when the last page went is retained, and was `ok`.
    assert!(heard.iter().all(|count| (1..=pushed).contains(count)));
    leaving.is_gone().await;
}

/// Reads events, none missing, to the goodbye; returns how many there were.
async fn reads_to_the_goodbye(mut page: Page, code: Code) -> usize {
    let mut heard = 0;
    loop {
        let frame = page.websocket().frame().await.expect("a goodbye");
        if frame.head == CLOSE {
            assert_eq!(frame.close_code(), Some(1001));
            return heard;
        }
        assert_eq!(frame.text(), code.nth(heard));
        heard += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_outlives_a_session_that_is_ended_elsewhere() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    for _ in 0..30 {
        let code = a.code().await;
        let mut page = b.page().await;
        let path = format!("/api/v1/sessions/{}", code.uid);
        let end = Request::new("DELETE", &path);
        tokio::join!(a.tells(end), page.says(&code.text));
        // The end may come after the echo, before it, or before the bind.
        let first = page.websocket().frame().await.expect("an answer");
        if first.head == CLOSE {
            assert_eq!(first.close_code(), Some(4401));
        } else if first.text() == code.text {
            page.is_closed_with(4401).await;
        } else {
            page.hears_nothing().await;
        }
    }
}
