//! Silence: when a page is asked, and when it is given up.

use std::time::{Duration, Instant};

use crate::support::{CLOSE, Gateway, PING, PONG, Websocket, Wire, masked};

const HEARTBEAT: Duration = Duration::from_millis(300);

async fn websocket(gateway: &Gateway) -> Websocket {
    let wire = Wire::connect(gateway.public()).await;
    Websocket::open(wire, "/").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_closed_bound_or_not() {
    let gateway = Gateway::with(|config| {
        config.heartbeat.after = HEARTBEAT;
        config.ping.after = Duration::ZERO;
    })
    .await;
    let code = gateway.code().await;
    let begun = Instant::now();
    let mut bound = gateway.page().await;
    bound.binds(&code).await;
    let mut unbound = gateway.page().await;
    unbound.is_closed_with(4408).await;
    bound.is_closed_with(4408).await;
    assert!(begun.elapsed() >= HEARTBEAT);
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_to_a_page_do_not_count_as_its_voice() {
    let gateway = Gateway::with(|config| {
        config.heartbeat.after = HEARTBEAT;
        config.ping.after = Duration::ZERO;
    })
    .await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    loop {
        backend.say(&code.nth(1)).await;
        let frame = page.websocket().frame().await.expect("a goodbye");
        if frame.head == CLOSE {
            assert_eq!(frame.close_code(), Some(4408));
            break;
        }
        assert_eq!(frame.text(), code.nth(1));
    }
}

/// Much more than what a busy machine keeps a test waiting.
const PATIENT: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_pinged_and_its_pong_counts() {
    let gateway = Gateway::with(|config| {
        config.heartbeat.after = PATIENT;
        config.ping.after = Duration::from_millis(100);
    })
    .await;
    let begun = Instant::now();
    let mut page = websocket(&gateway).await;
    // The pings are the clock of this test: with a pong to each, more than one heartbeat passes.
    while begun.elapsed() < PATIENT * 3 / 2 {
        let ping = page.frame().await.unwrap();
        assert_eq!(ping.head, PING, "{ping:?}");
        page.wire.sends(masked(PONG, &ping.payload)).await;
    }
    page.says(r#"{"cmd":"ping","pong":true}"#).await;
    let pong = loop {
        let frame = page.frame().await.unwrap();
        if frame.head != PING {
            break frame;
        }
    };
    assert_eq!(pong.text(), r#"{"cmd":"pong"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_frame_counts() {
    let gateway = Gateway::with(|config| {
        config.heartbeat.after = PATIENT;
        config.ping.after = Duration::from_millis(100);
    })
    .await;
    let mut talks = Vec::new();
    for voice in ["", "nonsense", r#"{"cmd":"ping"}"#, r#"{"cmd":"sms"}"#] {
        let mut page = websocket(&gateway).await;
        talks.push(tokio::spawn(async move {
            let begun = Instant::now();
            while begun.elapsed() < PATIENT * 3 / 2 {
                let ping = page.frame().await.unwrap();
                assert_eq!(ping.head, PING, "{ping:?} after {voice:?}");
                page.says(voice).await;
            }
        }));
    }
    for talk in talks {
        talk.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_without_a_pong_does_not_save_it() {
    let gateway = Gateway::with(|config| {
        config.heartbeat.after = HEARTBEAT;
        config.ping.after = Duration::from_millis(100);
    })
    .await;
    let begun = Instant::now();
    let mut page = websocket(&gateway).await;
    let ping = page.frame().await.unwrap();
    assert_eq!(ping.head, PING);
    assert!(begun.elapsed() >= Duration::from_millis(100));
    page.is_closed_with(4408).await;
    assert!(begun.elapsed() >= HEARTBEAT);
    // It came at its time, not at some later round of a slow watchman.
    assert!(begun.elapsed() < HEARTBEAT + Duration::from_secs(3));
}
