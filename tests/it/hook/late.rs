//! An answer that comes when the session is over, and the uid another's.

use std::time::Duration;

use scangate::config::HookEvent;

use crate::support::{Code, Gateway, Page, Phone, Platform, Reaction, Request, Site};

const LATE: Reaction = Reaction::Answer(200, r#"{"event":{"late":true}}"#);

async fn gateway(platform: &Platform, site: &Site) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Scan, HookEvent::Command]);
        // Between the first attempt and the next the uid changes hands.
        config.hook.timeout = Duration::from_secs(1);
        config.hook.retry = Duration::from_secs(1);
    })
    .await
}

/// The uid's session ends, and another begins that has a page.
async fn changes_hands(gateway: &Gateway, code: &Code) -> Page {
    let path = format!("/api/v1/sessions/{}", code.uid);
    assert_eq!(
        gateway.tells(Request::new("DELETE", &path)).await.status,
        204
    );
    let body = format!(r#"{{"uid":{},"ticket":"another"}}"#, code.uid);
    let reply = gateway.tells(Request::post("/api/v1/sessions", body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let mut page = gateway.page().await;
    page.binds(&Code::from_reply(reply.text())).await;
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_of_a_scan_is_not_for_the_next_session_of_its_uid() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site).await;
    let code = gateway.code().await;
    site.next(Reaction::Hang);
    site.next(LATE);
    Phone::of(&gateway, "ann").scans(&code).await;
    let mut page = changes_hands(&gateway, &code).await;
    let first = site.hears().await;
    assert_eq!(site.hears().await.id, first.id);
    let told = r#"scangate_hooks_total{event="scan",result="ok"}"#;
    gateway.has(told, 1.0).await;
    page.hears_nothing().await;
    assert!(!first.body.contains(&code.ticket), "{}", first.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_is_that_of_a_command() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site).await;
    let code = gateway.code().await;
    let mut before = gateway.page().await;
    before.binds(&code).await;
    site.next(Reaction::Hang);
    site.next(LATE);
    before.says(r#"{"cmd":"n"}"#).await;
    let first = site.hears().await;
    let mut page = changes_hands(&gateway, &code).await;
    assert_eq!(site.hears().await.id, first.id);
    let told = r#"scangate_hooks_total{event="command",result="ok"}"#;
    gateway.has(told, 1.0).await;
    page.hears_nothing().await;
}
