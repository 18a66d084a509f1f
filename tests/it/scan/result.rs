//! What a scan brings the page.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Call, Code, Fault, Gateway, Phone, Platform, Request};

async fn gateway(platform: &Platform) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        config.public.url = Some("https://www.iyuu.cn".to_owned());
    })
    .await
}

async fn state(gateway: &Gateway, code: &Code) -> Value {
    let path = format!("/api/v1/sessions/{}", code.uid);
    gateway.tells(Request::get(&path)).await.json()["state"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_announced_and_brings_a_token_with_its_url() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    assert_eq!(state(&gateway, &code).await, "waiting");

    let answer = Phone::of(&gateway, "ann").scans(&code).await;
    assert_eq!(answer.status, 200);
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result = page.next().await;
    let json: Value = serde_json::from_str(&result).unwrap();
    let token = json["token"].as_str().unwrap();
    let url = format!("https://www.iyuu.cn/{token}.send");
    let members = format!(r#""token":"{token}","url":"{url}""#);
    assert_eq!(result, code.event(&members));
    page.hears_nothing().await;
    assert_eq!(state(&gateway, &code).await, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_by_the_scan_has_scanned() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    Phone::of(&gateway, "ann").follows(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""token":"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_brings_a_token_that_the_backend_can_verify_once() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    ann.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result = page.next().await;
    let json: Value = serde_json::from_str(&result).unwrap();
    let token = json["token"].as_str().unwrap();
    let members = format!(r#""cmd":"login","token":"{token}""#);
    assert_eq!(result, code.event(&members));

    let verify = Request::post("/api/v1/login/verify", format!(r#"{{"token":"{token}"}}"#));
    let who = gateway.tells(verify.clone()).await;
    assert_eq!(who.status, 200, "{}", who.text());
    assert_eq!(who.json()["openid"], ann.openid);
    assert_eq!(who.json()["unionid"], format!("union-{}", ann.openid));
    gateway.tells(verify).await.error(410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_token_outlives_a_restart_and_is_spent_after_it() {
    let data = tempfile::TempDir::new().unwrap();
    let platform = Platform::start().await;
    let start = async || {
        Gateway::with(|config| {
            platform.serves(config);
            config.data.dir = data.path().to_owned();
        })
        .await
    };
    let mut gateway = start().await;
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    ann.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result: Value = serde_json::from_str(&page.next().await).unwrap();
    page.leaves().await;

    let verify = Request::post(
        "/api/v1/login/verify",
        format!(r#"{{"token":{}}}"#, result["token"]),
    );
    for status in [200, 410] {
        gateway.is_told_to_go();
        gateway.is_gone().await;
        drop(gateway);
        gateway = start().await;
        assert_eq!(gateway.tells(verify.clone()).await.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_late_finds_what_it_missed() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let code = gateway.qrcode("token").await;
    Phone::of(&gateway, "ann").scans(&code).await;
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    let (scan, _) = page.next_with_id().await;
    assert_eq!(scan, code.event(r#""cmd":"scan""#));
    let (result, _) = page.next_with_id().await;
    assert!(result.contains(r#""token":"#), "{result}");
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_people_share_a_token() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let mut tokens = Vec::new();
    for name in ["ann", "bob"] {
        let code = gateway.qrcode("token").await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        Phone::of(&gateway, name).scans(&code).await;
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let json: Value = serde_json::from_str(&page.next().await).unwrap();
        tokens.push(json["token"].as_str().unwrap().to_owned());
    }
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| token.len() >= 22), "{tokens:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wechat_has_its_answer_at_once_whatever_its_api_does() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.wechat.timeout = Duration::from_secs(3);
    })
    .await;
    let codes = [gateway.qrcode("token").await, gateway.qrcode("login").await];
    platform.always(Call::UserInfo, Fault::Hang);
    platform.always(Call::Token, Fault::Hang);
    for code in codes {
        let mut page = gateway.page().await;
        page.binds(&code).await;
        let begun = Instant::now();
        let answer = Phone::of(&gateway, "ann").scans(&code).await;
        assert_eq!(answer.status, 200);
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        // WeChat waits 5 s and then sends again.
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_of_what_another_system_issued_says_so_and_no_more() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    Phone::of(&gateway, "ann").scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    page.hears_nothing().await;
}
