//! Scans that come twice, too late, or for something else: a word in the chat, and nothing more.

use std::time::Duration;

use crate::support::{Code, Gateway, Page, Phone, Platform, Request, eventually};

async fn stage() -> (Platform, Gateway) {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    (platform, gateway)
}

async fn hears_of_the_scan(page: &mut Page, code: &Code) {
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""token":"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_is_repeated_has_no_effect() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    assert_eq!(ann.sends(&scan).await.status, 200);
    hears_of_the_scan(&mut page, &code).await;
    for _ in 0..3 {
        let again = ann.sends(&scan).await;
        assert_eq!((again.status, again.text()), (200, "success"));
    }
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_callback_twice_at_once_is_one_scan() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    let both = tokio::join!(ann.sends(&scan), ann.sends(&scan));
    // The other is told to ask again where the one is not done yet.
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert!([[200, 200], [200, 503]].contains(&statuses), "{statuses:?}");
    hears_of_the_scan(&mut page, &code).await;
    let again = ann.sends(&scan).await;
    assert_eq!((again.status, again.text()), (200, "success"));
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_person_is_told_and_the_page_hears_nothing() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    Phone::of(&gateway, "ann").scans(&code).await;
    hears_of_the_scan(&mut page, &code).await;
    let bob = Phone::of(&gateway, "bob");
    let answer = bob.scans(&code).await;
    assert!(!bob.reads(&answer).expect("a text").is_empty());
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_is_told_to_have_expired() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.session.life = Duration::from_secs(1);
    })
    .await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    eventually("the state", "expired".to_owned(), async || {
        let session = gateway.tells(Request::get(&path)).await.json();
        session["state"].as_str().unwrap().to_owned()
    })
    .await;
    let ann = Phone::of(&gateway, "ann");
    let answer = ann.scans(&code).await;
    assert!(!ann.reads(&answer).expect("a text").is_empty());
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_ticket_or_another_code_has_no_effect_but_a_text() {
    let (_platform, gateway) = stage().await;
    let (code, other) = (gateway.qrcode("token").await, gateway.qrcode("token").await);
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    for scan in [
        ann.scan(code.uid, &other.ticket),
        ann.scan(code.uid, ""),
        ann.scan(4_294_967_201, &code.ticket),
        // Only a subscribe has the prefix.
        ann.scan(code.uid, &code.ticket)
            .replace("<EventKey><![CDATA[", "<EventKey><![CDATA[qrscene_"),
        ann.scan(code.uid, &code.ticket)
            .replace("<EventKey><![CDATA[", "<EventKey><![CDATA[0"),
    ] {
        let answer = ann.sends(&scan).await;
        assert!(!ann.reads(&answer).expect("a text").is_empty(), "{scan}");
    }
    page.hears_nothing().await;
    // None of it has used the code up.
    ann.scans(&code).await;
    hears_of_the_scan(&mut page, &code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_messages_are_taken_and_mean_nothing() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    assert_eq!(ann.writes("hello").await.status, 200);
    for (event, key) in [
        ("subscribe", ""),
        ("subscribe", "last_trade_no_4008"),
        ("unsubscribe", ""),
        ("CLICK", "menu"),
        ("brand_new_event", "1"),
    ] {
        let answer = ann.sends(&ann.event(event, key, "")).await;
        assert_eq!(answer.status, 200, "{event}");
    }
    let answer = ann.sends(&ann.message("<MsgType>hologram</MsgType>")).await;
    assert_eq!(answer.status, 200);
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_the_event_may_be_in_any_case() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    ann.sends(&ann.event("scan", &code.uid.to_string(), &code.ticket))
        .await;
    hears_of_the_scan(&mut page, &code).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_again_is_no_second_scan() {
    let (_platform, gateway) = stage().await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    ann.scans(&code).await;
    hears_of_the_scan(&mut page, &code).await;
    // Not a repeated callback: the person held the phone up again.
    assert_eq!(ann.scans(&code).await.status, 200);
    page.hears_nothing().await;
}
