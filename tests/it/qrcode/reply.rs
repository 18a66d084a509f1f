//! What the page gets, and which page may have it.

use std::collections::HashSet;
use std::time::Duration;

use scangate::config::{Origins, Text};

use crate::support::{Call, Code, Gateway, Platform, Request};

async fn gateway(platform: &Platform) -> Gateway {
    Gateway::with(|config| platform.serves(config)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_has_what_the_page_needs() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let reply = gateway.answers(Request::get("/qrcode")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let json = reply.json();
    let uid = json["uid"].as_u64().unwrap();
    assert!((1..=4_294_967_200).contains(&uid));
    assert_eq!(json["expire_seconds"], 120);
    assert_eq!(json["ticket"], "gQH47+/0001==");
    assert_eq!(json["url"], "http://weixin.qq.com/q/0001");
    // 128 random bits, in whatever spelling.
    assert!(json["key"].as_str().unwrap().len() >= 22, "{json}");

    let asked = &platform.heard(Call::Qrcode)[0];
    assert_eq!(asked["action_name"], "QR_SCENE");
    assert_eq!(asked["action_info"]["scene"]["scene_id"], uid);
    assert_eq!(asked["expire_seconds"], 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_page_gets_a_uid_and_a_key_of_its_own() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.limit.qrcodes_per_minute = 0;
    })
    .await;
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let reply = gateway.answers(Request::get("/qrcode")).await.json();
        assert!(seen.insert(reply["uid"].to_string()), "{reply}");
        assert!(seen.insert(reply["key"].to_string()), "{reply}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_is_json_for_who_names_it_and_text_for_all_others() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    for (accept, text) in [
        ("*/*", true),
        ("text/html,application/xhtml+xml", true),
        ("application/json", false),
        ("application/json, text/plain, */*", false),
        ("text/plain, application/json;q=0.9", false),
    ] {
        let request = Request::get("/qrcode").header("Accept", accept);
        let reply = gateway.answers(request).await;
        let kind = reply.header("content-type").unwrap();
        if text {
            assert_eq!(kind, "text/plain; charset=utf-8", "{accept}");
        } else {
            assert!(kind.starts_with("application/json"), "{accept}: {kind}");
        }
        Code::from_reply(reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_lives_as_long_as_it_is_set() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.session.life = Duration::from_secs(300);
    })
    .await;
    let reply = gateway.answers(Request::get("/qrcode")).await.json();
    assert_eq!(reply["expire_seconds"], 300);
    assert_eq!(platform.heard(Call::Qrcode)[0]["expire_seconds"], 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_ask_for_token_or_login_and_for_nothing_else() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    for (path, action) in [
        ("/qrcode", "token"),
        ("/qrcode?action=token", "token"),
        ("/qrcode?action=login", "login"),
        ("/qrcode?_=1735536450123", "token"),
    ] {
        let reply = gateway.answers(Request::get(path)).await;
        assert_eq!(reply.status, 200, "{path}");
        let uid = Code::from_reply(reply.text()).uid;
        let session = gateway
            .tells(Request::get(&format!("/api/v1/sessions/{uid}")))
            .await;
        assert_eq!(session.json()["action"], action, "{path}");
    }
    // What needs an account is not for everybody who finds the door.
    for action in ["bind", "unbind", "points", "root", ""] {
        let path = format!("/qrcode?action={action}");
        gateway.answers(Request::get(&path)).await.error(400);
    }
    assert_eq!(platform.heard(Call::Qrcode).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origins_that_may_open_a_websocket_may_ask() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.public.origins = Origins::from_text("https://www.iyuu.cn").unwrap();
    })
    .await;
    let from = |origin| Request::get("/qrcode").header("Origin", origin);
    let welcome = gateway.answers(from("https://www.iyuu.cn")).await;
    assert_eq!(welcome.status, 200);
    // Without this the browser would keep the reply from the page.
    assert_eq!(
        welcome.header("access-control-allow-origin"),
        Some("https://www.iyuu.cn")
    );
    let stranger = gateway.answers(from("https://evil.example")).await;
    stranger.error(403);
    assert_eq!(stranger.header("access-control-allow-origin"), None);
    assert_eq!(gateway.answers(Request::get("/qrcode")).await.status, 200);
    assert_eq!(platform.heard(Call::Qrcode).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_at_wechat_all_else_works() {
    let gateway = Gateway::start().await;
    let reply = gateway.answers(Request::get("/qrcode")).await;
    assert_eq!(reply.error(503), "wechat_not_configured");
    for request in [
        Request::get("/wechat?signature=x&timestamp=1&nonce=2&echostr=3"),
        Request::post("/wechat?signature=x&timestamp=1&nonce=2", "<xml/>"),
    ] {
        let reply = gateway.answers(request).await;
        assert_eq!(reply.error(503), "wechat_not_configured");
    }
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
}
