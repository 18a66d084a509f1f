//! `since`: what a page missed, once and in order, or word that it is gone.

use std::time::Duration;

use crate::support::{Code, Gateway, Page, Phone, Platform, Websocket, Wire};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gets_what_came_before_it_and_then_what_comes() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(0)).await, "queued");
    assert_eq!(backend.say(&code.nth(1)).await, "queued");
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    assert_eq!(backend.say(&code.nth(2)).await, "ok");
    let mut ids = Vec::new();
    for n in 0..3 {
        let (event, id) = page.next_with_id().await;
        assert_eq!(event, code.nth(n));
        assert!(!ids.contains(&id), "{id} twice");
        ids.push(id);
    }
    page.hears_nothing().await;

    let mut again = gateway.page().await;
    again.binds_since(&code, &ids[0]).await;
    for (n, id) in ids.iter().enumerate().skip(1) {
        assert_eq!(again.next_with_id().await, (code.nth(n), id.clone()));
    }
    again.hears_nothing().await;

    let mut up_to_date = gateway.page().await;
    up_to_date.binds_since(&code, &ids[2]).await;
    up_to_date.hears_nothing().await;
    assert_eq!(backend.say(&code.nth(3)).await, "ok");
    assert_eq!(up_to_date.next_with_id().await.0, code.nth(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_since_there_is_no_replay_and_no_id() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(0)).await, "queued");
    let mut page = gateway.page().await;
    page.binds(&code).await;
    page.hears_nothing().await;
    let mut since = gateway.page().await;
    since.binds_since(&code, "").await;
    assert_eq!(since.next_with_id().await.0, code.nth(0));
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
    assert_eq!(since.next_with_id().await.0, code.nth(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_is_the_last_member_and_an_id_of_the_event_stays() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    let mut backend = gateway.backend().await;
    for event in [
        code.event(r#""id":"mine""#),
        code.event(r#""text":"a } in \"quotes\" }""#),
        code.event(r#""nested":{"event_id":"mine"}"#),
    ] {
        assert_eq!(backend.say(&event).await, "ok");
        let (heard, id) = page.next_with_id().await;
        assert_eq!(heard, event);
        assert!(!id.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_event_stays_for_the_next_page() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut first = gateway.page().await;
    first.binds_since(&code, "").await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(0)).await, "ok");
    let seen = first.next_with_id().await;
    drop(first);
    let mut second = gateway.page().await;
    second.binds_since(&code, "").await;
    assert_eq!(second.next_with_id().await, seen);
}

/// A session that retains four events, of which six were pushed; and the ids of all six.
async fn overflowed(gateway: &Gateway) -> (Code, Vec<String>) {
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let mut ids = Vec::new();
    for n in 0..6 {
        let verdict = backend.ask(&code.nth(n)).await;
        ids.push(verdict["id"].as_str().expect("an id").to_owned());
    }
    (code, ids)
}

async fn hears_the_last_four(page: &mut Page, code: &Code, ids: &[String]) {
    for (n, expected) in ids.iter().enumerate().skip(2) {
        let (event, id) = page.next_with_id().await;
        assert!(
            event.starts_with(code.nth(n).trim_end_matches('}')),
            "{event}"
        );
        assert_eq!(id, *expected);
    }
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_what_is_gone_is_told_of_the_gap() {
    let gateway = Gateway::with(|config| config.session.events = 4).await;
    let (code, ids) = overflowed(&gateway).await;
    for since in ["", &ids[0]] {
        let mut page = gateway.page().await;
        page.binds_since(&code, since).await;
        page.hears(r#"{"cmd":"gap"}"#).await;
        hears_the_last_four(&mut page, &code, &ids).await;
    }
    gateway.has("scangate_gaps_total", 2.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_missed_nothing_is_told_of_no_gap() {
    let gateway = Gateway::with(|config| config.session.events = 4).await;
    let (code, ids) = overflowed(&gateway).await;
    let mut page = gateway.page().await;
    page.binds_since(&code, &ids[2]).await;
    for id in &ids[3..] {
        assert_eq!(&page.next_with_id().await.1, id);
    }
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_and_goes_sees_each_event_once_and_in_order() {
    const EVENTS: usize = 120;
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let lines = code.clone();
    let publisher = tokio::spawn(async move {
        for n in 0..EVENTS {
            let word = backend.say(&lines.nth(n)).await;
            assert!(word == "ok" || word == "queued", "{word}");
        }
    });
    let mut since = String::new();
    let mut n = 0;
    while n < EVENTS {
        // Every few events the page loses its connection, in the midst of everything.
        let mut page = gateway.page().await;
        page.binds_since(&code, &since).await;
        for _ in 0..(n % 7 + 1).min(EVENTS - n) {
            let (event, id) = page.next_with_id().await;
            assert_eq!(event, code.nth(n));
            (since, n) = (id, n + 1);
        }
    }
    publisher.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bind_says_anew_whether_it_wants_ids() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(0)).await, "ok");
    page.hears(&code.nth(0)).await;
    page.binds_since(&code, "").await;
    assert_eq!(page.next_with_id().await.0, code.nth(0));
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    assert_eq!(page.next_with_id().await.0, code.nth(1));
    page.binds(&code).await;
    assert_eq!(backend.say(&code.nth(2)).await, "ok");
    page.hears(&code.nth(2)).await;
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_may_be_larger_than_what_may_wait_for_a_slow_page() {
    const EVENTS: usize = 128;
    let gateway = Gateway::with(|config| config.limit.queue_bytes = 65536).await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let pad = "x".repeat(60_000);
    let event = |n| code.event(&format!(r#""n":{n},"pad":"{pad}""#));
    for n in 0..EVENTS {
        assert_eq!(backend.say(&event(n)).await, "queued");
    }
    let wire = Wire::connect_narrow(gateway.public()).await;
    let mut page = Page::behind(Websocket::open(wire, "/").await);
    page.binds_since(&code, "").await;
    // Others are not made to wait for it, and what comes meanwhile comes after.
    let mut other = gateway.page().await;
    other.binds(&code).await;
    assert_eq!(backend.say(&code.nth(EVENTS)).await, "ok");
    other.hears(&code.nth(EVENTS)).await;
    let mut gaps = 0;
    let mut expected = 0;
    loop {
        let heard = page.next().await;
        if heard == r#"{"cmd":"gap"}"# {
            // The newest one pushed the oldest out before the page had it.
            (gaps, expected) = (gaps + 1, expected + 1);
            continue;
        }
        let (start, _) = heard.rsplit_once(r#","event_id":"#).unwrap();
        if expected == EVENTS {
            assert_eq!(format!("{start}}}"), code.nth(EVENTS));
            break;
        }
        assert_eq!(format!("{start}}}"), event(expected));
        expected += 1;
    }
    assert!(gaps <= 1);
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_scanned_in_time_does_not_expire() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.session.life = Duration::from_secs(2);
    })
    .await;
    let (scanned, clock) = (gateway.qrcode("token").await, gateway.qrcode("token").await);
    let (mut page, mut other) = (gateway.page().await, gateway.page().await);
    page.binds_since(&scanned, "").await;
    other.binds_since(&clock, "").await;
    Phone::of(&gateway, "ann").scans(&scanned).await;
    page.next_with_id().await;
    page.next_with_id().await;
    // It was made after the one that was scanned.
    other.hears(r#"{"cmd":"expired"}"#).await;
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_is_announced_to_pages_that_know_the_word() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.session.life = Duration::from_secs(2);
    })
    .await;
    let code = gateway.qrcode("token").await;
    let mut original = gateway.page().await;
    original.binds(&code).await;
    let mut ours = gateway.page().await;
    ours.binds_since(&code, "").await;
    ours.hears(r#"{"cmd":"expired"}"#).await;
    ours.hears_nothing().await;
    original.hears_nothing().await;

    // The code is over; the session is not.
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    original.hears(&code.nth(1)).await;
    assert_eq!(ours.next_with_id().await.0, code.nth(1));
    let mut late = gateway.page().await;
    late.binds(&code).await;
}
