//! A page's commands are told, and answered with events.

use std::time::Duration;

use scangate::config::HookEvent;
use serde_json::json;

use crate::support::{Gateway, Phone, Platform, Reaction, Site};

async fn gateway(site: &Site) -> Gateway {
    Gateway::with(|config| site.listens(config, &[HookEvent::Command])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_told_as_it_came_and_answered_with_an_event() {
    let mut site = Site::start().await;
    let gateway = gateway(&site).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.says(r#"{"cmd":"sms","before":"the bind"}"#).await;
    page.binds(&code).await;
    site.next(Reaction::Answer(
        200,
        r#"{"event":{"cmd":"sms","sent":true}}"#,
    ));
    page.says(r#"{"cmd":"ping"}"#).await;
    page.says(r#" {"cmd":"sms","to":"+86 139","n":1.50} "#)
        .await;
    page.hears(&code.event(r#""cmd":"sms","sent":true"#)).await;
    let told = site.hears().await;
    assert_eq!(told.event(), "command");
    let message = r#""message":{"cmd":"sms","to":"+86 139","n":1.50}"#;
    assert!(told.body.contains(message), "{}", told.body);
    assert_eq!(told.data()["uid"], code.uid);
    site.hears_nothing();
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_a_page_are_told_in_order_one_after_the_other() {
    let mut site = Site::start().await;
    let gateway = gateway(&site).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    // The first fails twice: the others wait.
    site.next(Reaction::Answer(500, ""));
    site.next(Reaction::HangUp);
    for n in 0..5 {
        page.says(&format!(r#"{{"cmd":"n","n":{n}}}"#)).await;
    }
    let mut ids = Vec::new();
    for n in [0, 0, 0, 1, 2, 3, 4] {
        let told = site.hears().await;
        assert_eq!(told.data()["message"]["n"], n);
        ids.push(told.id);
    }
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3]);
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_asks_too_much_is_told_so() {
    let mut site = Site::start().await;
    let gateway = gateway(&site).await;
    let [code, other] = [gateway.code().await, gateway.code().await];
    let mut page = gateway.page().await;
    page.binds(&code).await;
    site.next(Reaction::Hang);
    page.says(r#"{"cmd":"n"}"#).await;
    site.hears().await;
    // One is under way, eight may wait.
    for _ in 0..9 {
        page.says(r#"{"cmd":"n"}"#).await;
    }
    page.is_refused("busy").await;
    page.hears_nothing().await;
    let dropped = r#"scangate_hooks_total{event="command",result="dropped"}"#;
    assert_eq!(gateway.metric(dropped).await, Some(1.0));
    // Others are served meanwhile.
    let mut neighbour = gateway.page().await;
    neighbour.binds(&other).await;
    neighbour.says(r#"{"cmd":"n"}"#).await;
    assert_eq!(site.hears().await.data()["uid"], other.uid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_hears_when_nobody_took_its_command() {
    let mut site = Site::start().await;
    let gateway = Gateway::with(|config| {
        site.listens(config, &[HookEvent::Command]);
        config.hook.timeout = Duration::from_millis(100);
    })
    .await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    site.always(Reaction::Hang);
    page.says(r#"{"cmd":"n"}"#).await;
    page.is_refused("hook_failed").await;
    let first = site.hears().await;
    for _ in 0..2 {
        assert_eq!(site.hears().await.id, first.id);
    }
    // While it is down, each is tried once.
    page.says(r#"{"cmd":"m"}"#).await;
    page.is_refused("hook_failed").await;
    assert_eq!(site.hears().await.data()["message"], json!({"cmd": "m"}));
    site.hears_nothing();
    // It is back, and is told as before.
    site.always(Reaction::Answer(200, r#"{"event":{"n":1}}"#));
    page.says(r#"{"cmd":"n"}"#).await;
    page.hears(&code.event(r#""n":1"#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_hang_hold_up_nothing_else() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        site.listens(config, &HookEvent::ALL);
    })
    .await;
    let mut pages = Vec::new();
    for _ in 0..32 {
        let code = gateway.code().await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        assert_eq!(site.hears().await.event(), "bind");
        pages.push(page);
    }
    // Whatever tells of commands hangs.
    site.always(Reaction::Hang);
    for page in &mut pages {
        page.says(r#"{"cmd":"n"}"#).await;
    }
    for _ in 0..16 {
        assert_eq!(site.hears().await.event(), "command");
    }
    site.always(Reaction::Answer(200, r#"{"say":"Hello."}"#));
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    assert_eq!(site.hears().await.event(), "bind");
    let ann = Phone::of(&gateway, "ann");
    let said = ann.reads(&ann.scans(&code).await);
    assert_eq!(said.as_deref(), Some("Hello."));
    assert_eq!(site.hears().await.event(), "scan");
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
}
