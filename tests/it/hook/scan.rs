//! A scan is told while the chat waits.

use scangate::config::{HookEvent, Secret};
use scangate::webhook::SigningKey;
use serde_json::{Value, json};

use crate::support::{
    Certificate, CertificateFiles, Gateway, Phone, Platform, Reaction, Request, Site, broker, now,
    one_scan_at_two_nodes,
};

async fn gateway(platform: &Platform, site: &Site) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Scan]);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_reaches_page_and_chat() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site).await;
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    site.next(Reaction::Answer(
        201,
        r#" {"event":{"cmd":"hello","n":1.50}, "say":"Welcome, <Ann>."}"#,
    ));
    let ann = Phone::of(&gateway, "ann");
    let answer = ann.scans(&code).await;
    assert_eq!(ann.reads(&answer).as_deref(), Some("Welcome, <Ann>."));
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""cmd":"login""#));
    page.hears(&code.event(r#""cmd":"hello","n":1.50"#)).await;
    page.hears_nothing().await;

    let told = site.hears().await;
    assert_eq!(told.event(), "scan");
    let data = json!({
        "uid": code.uid, "action": "login", "account": null, "result": "done", "openid": ann.openid,
    });
    assert_eq!(told.data(), data);
    assert!(told.timestamp.abs_diff(now()) < 60);
    let time_ms = told.json()["time_ms"].as_u64().unwrap();
    assert!((time_ms / 1000).abs_diff(now()) < 60);
    let nodes = gateway.tells(Request::get("/api/v1/nodes")).await.json();
    assert_eq!(told.json()["node"], nodes["nodes"][0]["name"]);
    site.hears_nothing();
    let series = r#"scangate_hooks_total{event="scan",result="ok"}"#;
    assert_eq!(gateway.metric(series).await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_nothing_changes_nothing() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site).await;
    for body in [
        "",
        "ok",
        "{}",
        "[]",
        r#"{"event":null,"say":""}"#,
        r#"{"event":{"uid":7},"say":"mine"}"#,
        "{broken",
        "\u{fffd}",
    ] {
        site.next(Reaction::Answer(200, body));
        let code = gateway.qrcode("login").await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        let ann = Phone::of(&gateway, "ann");
        let said = ann.reads(&ann.scans(&code).await).unwrap();
        assert!(said.starts_with("登录成功"), "{said}");
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        assert!(page.next().await.contains(r#""cmd":"login""#));
        page.hears_nothing().await;
        assert_eq!(site.hears().await.data()["uid"], code.uid);
    }
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_system_is_told_without_an_action() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site).await;
    let code = gateway.code().await;
    Phone::of(&gateway, "ann").scans(&code).await;
    let data = site.hears().await.data();
    assert_eq!(
        (&data["uid"], &data["action"]),
        (&json!(code.uid), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_scan_that_counts_is_told_and_once() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let (broker, _data) = broker().await;
    let listens = |config: &mut _| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Scan]);
    };
    let a = Gateway::joins(&broker, "a", listens).await;
    let b = Gateway::joins(&broker, "b", listens).await;
    let code = a.qrcode("token").await;
    let ann = Phone::of(&a, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    ann.sends(&ann.scan(code.uid, "gQHwrong")).await;
    ann.sends(&scan).await;
    ann.sends(&scan).await;
    Phone::of(&b, "ann").sends(&scan).await;
    Phone::of(&b, "ann").scans(&code).await;
    Phone::of(&b, "bob").scans(&code).await;
    let told = site.hears().await;
    assert_eq!(told.data()["openid"], ann.openid);
    assert_eq!(told.json()["node"], "a");
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_take_one_scan_tell_it_under_one_id() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    site.always(Reaction::Answer(200, r#"{"event":{"cmd":"hello"}}"#));
    let (broker, _data) = broker().await;
    let listens = |config: &mut _| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Scan]);
    };
    let a = Gateway::joins(&broker, "a", listens).await;
    let b = Gateway::joins(&broker, "b", listens).await;
    one_scan_at_two_nodes(&a, &b, &mut site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_certificate_must_come_from_a_root_that_is_trusted() {
    let platform = Platform::start().await;
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let mut site = Site::start_with(Some(certificate.acceptor())).await;
    let [right, wrong] = [&certificate, &other].map(CertificateFiles::with);
    for (roots, trusted) in [(Some(&right), true), (Some(&wrong), false), (None, false)] {
        let gateway = Gateway::with(|config| {
            platform.serves(config);
            site.listens(config, &[HookEvent::Scan]);
            config.hook.roots = roots.map(CertificateFiles::certificate);
            config.hook.attempts = 1;
        })
        .await;
        let code = gateway.qrcode("token").await;
        Phone::of(&gateway, "ann").scans(&code).await;
        let result = if trusted { "ok" } else { "unreachable" };
        let series = format!(r#"scangate_hooks_total{{event="scan",result="{result}"}}"#);
        gateway.has(&series, 1.0).await;
        if trusted {
            assert_eq!(site.hears().await.data()["uid"], code.uid);
        }
    }
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_sign_while_one_is_replaced() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Scan]);
        config.hook.old_secret = config.hook.secret.take();
        config.hook.secret = Some(Secret::new("the new one"));
    })
    .await;
    let code = gateway.qrcode("token").await;
    Phone::of(&gateway, "ann").scans(&code).await;
    let told = site.hears().await;
    let new = SigningKey::new("the new one").unwrap();
    let signature = new.sign(&told.id, told.timestamp, told.body.as_bytes());
    assert_eq!(told.signature.split(' ').next(), Some(signature.as_str()));
    assert_eq!(told.signature.split(' ').count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_told_of_scans_hears_of_none() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Leave]);
    })
    .await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    Phone::of(&gateway, "ann").scans(&code).await;
    page.says(r#"{"cmd":"sms"}"#).await;
    page.leaves().await;
    assert_eq!(site.hears().await.event(), "leave");
    site.hears_nothing();
}
