//! What a page is told when the platform is slow, refuses or is away, and how seldom it is asked.

use std::time::{Duration, Instant};

use scangate::config::Secret;

use crate::support::{Call, Fault, Gateway, Platform, Request};

async fn gateway(platform: &Platform) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        config.wechat.timeout = Duration::from_millis(300);
        config.limit.qrcodes_per_minute = 0;
    })
    .await
}

async fn status(gateway: &Gateway) -> u16 {
    gateway.answers(Request::get("/qrcode")).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ails_the_platform_the_page_is_told_to_come_again() {
    for call in [Call::Token, Call::Qrcode] {
        for fault in [
            Fault::Hang,
            Fault::HangUp,
            Fault::Status(502),
            Fault::Errcode(45009),
            Fault::Errcode(48001),
        ] {
            let platform = Platform::start().await;
            platform.always(call, fault);
            let gateway = gateway(&platform).await;
            let begun = Instant::now();
            let reply = gateway.answers(Request::get("/qrcode")).await;
            reply.error(503);
            assert!(reply.retry_after() > 0, "{call:?} {fault:?}");
            // What the platform said is for the operator's log.
            assert!(!reply.text().contains("rid"), "{}", reply.text());
            assert!(begun.elapsed() < Duration::from_secs(5));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_is_not_there_is_no_different() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        // Nobody listens on it.
        config.wechat.api_url = "http://127.0.0.1:1".to_owned();
    })
    .await;
    let reply = gateway.answers(Request::get("/qrcode")).await;
    reply.error(503);
    assert!(reply.retry_after() > 0);
    // It is the platform's fault and not this node's.
    assert_eq!(gateway.tells(Request::get("/readyz")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_token_is_bought_once() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    for _ in 0..5 {
        assert_eq!(status(&gateway).await, 200);
    }
    let bought = platform.heard(Call::Token);
    assert_eq!(bought.len(), 1);
    assert_eq!(bought[0]["grant_type"], "client_credential");
    assert_ne!(bought[0]["force_refresh"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pages_at_once_buy_one_access_token() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let mut pages = Vec::new();
    for _ in 0..20 {
        let public = gateway.public();
        pages.push(tokio::spawn(async move {
            Request::get("/qrcode").to(public).await.status
        }));
    }
    for page in pages {
        assert_eq!(page.await.unwrap(), 200);
    }
    assert_eq!(platform.heard(Call::Token).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_died_is_replaced_once_and_the_page_does_not_notice() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    assert_eq!(status(&gateway).await, 200);
    platform.revokes_its_token();
    assert_eq!(status(&gateway).await, 200);
    assert_eq!(platform.heard(Call::Token).len(), 2);
    assert_eq!(platform.heard(Call::Qrcode).len(), 3);
    for code in [40014, 42001] {
        platform.next(Call::Qrcode, Fault::Errcode(code));
        platform.revokes_its_token();
        assert_eq!(status(&gateway).await, 200, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_refused_again_and_again_is_repeated_once() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    platform.always(Call::Qrcode, Fault::Errcode(40001));
    gateway.answers(Request::get("/qrcode")).await.error(503);
    assert_eq!(platform.heard(Call::Qrcode).len(), 2);
    // The one that died, the one asked for anew, and that one by force as it was the same.
    assert!(platform.heard(Call::Token).len() <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_tried_and_not_tried_and_tried() {
    let platform = Platform::start().await;
    for (name, fault) in [("as it is", None), ("40001", Some(Fault::Errcode(40001)))] {
        let before = platform.heard(Call::Token).len();
        if let Some(fault) = fault {
            platform.always(Call::Token, fault);
        }
        let gateway = Gateway::with(|config| {
            platform.serves(config);
            config.wechat.app_secret = Some(Secret::new("wrong"));
            config.limit.qrcodes_per_minute = 0;
        })
        .await;
        for _ in 0..20 {
            gateway.answers(Request::get("/qrcode")).await.error(503);
        }
        let asked = platform.heard(Call::Token).len() - before;
        assert!(asked <= 3, "{name}: asked {asked} times");
    }
    assert_eq!(platform.heard(Call::Qrcode).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_platform_is_asked_again() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    platform.next(Call::Qrcode, Fault::Errcode(-1));
    assert_eq!(status(&gateway).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_the_next_page_is_served() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    platform.next(Call::Qrcode, Fault::HangUp);
    platform.next(Call::Qrcode, Fault::HangUp);
    platform.next(Call::Qrcode, Fault::HangUp);
    platform.next(Call::Qrcode, Fault::HangUp);
    assert_eq!(status(&gateway).await, 503);
    platform.recovers();
    assert_eq!(status(&gateway).await, 200);
}
