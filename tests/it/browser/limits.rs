//! How much a page may say, how fast, and how slowly it may listen.

use std::time::Duration;

use crate::support::{BINARY, Frame, Gateway, PING, PONG, Page, TEXT, Websocket, Wire, masked};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_the_limit_is_taken_and_one_byte_more_is_not() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    let padding = 4096 - code.with(r#""pad":"""#).len();
    let bind = code.with(&format!(r#""pad":"{}""#, "x".repeat(padding)));
    assert_eq!(bind.len(), 4096);
    page.says(&bind).await;
    page.hears(&bind).await;
    page.says(&bind.replace("pad", "padd")).await;
    page.is_closed_with(1009).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_limit_holds_for_the_message_not_for_the_frame() {
    let gateway = Gateway::start().await;
    let mut page = gateway.page().await;
    let websocket = page.websocket();
    websocket.wire.sends(masked(0x01, &[b' '; 2000])).await;
    websocket.wire.sends(masked(0x00, &[b' '; 2000])).await;
    websocket.wire.sends(masked(0x00, &[b' '; 97])).await;
    page.is_closed_with(1009).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_frame_closes() {
    let gateway = Gateway::start().await;
    let mut page = gateway.page().await;
    let frame = masked(BINARY, br#"{"cmd":"ping","pong":true}"#);
    page.websocket().wire.sends(frame).await;
    page.is_closed_with(1003).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_four_times_the_rate_passes_and_a_flood_does_not() {
    let gateway = Gateway::with(|config| config.limit.messages_per_second = 5).await;
    let mut page = gateway.page().await;
    for _ in 0..19 {
        page.says(r#"{"cmd":"ping"}"#).await;
    }
    page.hears_nothing().await;

    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.extend(masked(TEXT, br#"{"cmd":"ping"}"#));
    }
    let mut page = gateway.page().await;
    // The gateway may close before it has read all of it.
    let _ = page.websocket().wire.tries_to_send(flood).await;
    page.is_closed_with(4429).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_counts_whatever_it_is() {
    let gateway = Gateway::with(|config| config.limit.messages_per_second = 5).await;
    for head in [PING, PONG, 0x00] {
        let mut flood = masked(0x01, b"{");
        for _ in 0..100 {
            flood.extend(masked(head, b""));
        }
        let mut page = gateway.page().await;
        let _ = page.websocket().wire.tries_to_send(flood).await;
        page.websocket().is_closed_with(4429).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_ended_while_others_are_served() {
    let gateway = Gateway::with(|config| config.limit.queue_bytes = 65536).await;
    let (code, other) = (gateway.code().await, gateway.code().await);
    let wire = Wire::connect_narrow(gateway.public()).await;
    let mut slow = Page::behind(Websocket::open(wire, "/").await);
    slow.binds(&code).await;
    let mut brisk = gateway.page().await;
    brisk.binds(&code).await;
    let mut bystander = gateway.page().await;
    bystander.binds(&other).await;

    let mut backend = gateway.backend().await;
    let big = "x".repeat(60_000);
    let too_slow = r#"scangate_connections_closed_total{code="4508",ending="too_slow"}"#;
    let mut pushed = 0;
    while gateway.metric(too_slow).await == Some(0.0) {
        assert!(pushed < 1000, "the slow reader is still held");
        let event = code.event(&format!(r#""n":{pushed},"pad":"{big}""#));
        assert_eq!(backend.say(&event).await, "ok");
        brisk.hears(&event).await;
        assert_eq!(backend.say(&other.nth(pushed)).await, "ok");
        bystander.hears(&other.nth(pushed)).await;
        pushed += 1;
    }
    gateway.has("scangate_bindings", 2.0).await;

    // Back from its pause it finds whole frames, in order, and the reason.
    let mut heard = 0;
    let last = loop {
        let frame: Frame = slow.websocket().frame().await.expect("a reason");
        if frame.head != TEXT {
            break frame;
        }
        let start = code.event(&format!(r#""n":{heard},"pad":"x"#));
        assert!(frame.text().starts_with(start.trim_end_matches('}')));
        heard += 1;
    };
    assert_eq!(last.close_code(), Some(4508));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_a_slow_reader_lives_on() {
    let gateway = Gateway::with(|config| {
        config.limit.queue_bytes = 65536;
        config.heartbeat.after = Duration::from_secs(30);
    })
    .await;
    let code = gateway.code().await;
    let wire = Wire::connect_narrow(gateway.public()).await;
    let mut slow = Page::behind(Websocket::open(wire, "/").await);
    slow.binds_since(&code, "").await;
    let mut backend = gateway.backend().await;
    let pad = format!(r#""pad":"{}""#, "x".repeat(60_000));
    let mut pushed = 0;
    while backend.say(&code.event(&pad)).await == "ok" {
        pushed += 1;
        assert!(pushed < 100, "the slow reader is still held");
    }
    let mut again = gateway.page().await;
    again.binds_since(&code, "").await;
    for _ in 0..=pushed {
        assert_eq!(again.next_with_id().await.0, code.event(&pad));
    }
    again.hears_nothing().await;
}
