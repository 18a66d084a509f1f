//! The sandbox plays WeChat well enough to fool the gateway, which knows nothing of it but its URL.

use scangate::config::{Config, Mode, Secret};
use serde_json::json;

use crate::support::{Gateway, Program, Request};

/// The address of the gateway's public listener: the sandbox must know it before it begins. Each
/// run of the tests has one of its own.
fn callback() -> String {
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.77.{high}.{low}:2129")
}

/// The account that the sandbox pretends to have.
fn believes(config: &mut Config, address: &str) {
    config.wechat.app_id = Some("wx5ca9a7e5a4db0c01".to_owned());
    config.wechat.app_secret = Some(Secret::new("5a4db0c05a4db0c05a4db0c05a4db0c0"));
    config.wechat.token = Some(Secret::new("sandboxtoken"));
    config.wechat.encoding_aes_key =
        Some(Secret::new("sandboxsandboxsandboxsandboxsandboxsandboxA"));
    config.wechat.original_id = Some("gh_5ca9a7e5a4db".to_owned());
    config.wechat.mode = Some(Mode::Safe);
    config.wechat.api_url = format!("http://{address}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pretend_phone_scans_a_pretend_code() {
    let listen = callback();
    let url = format!("http://{listen}/wechat");
    let words = ["serve", "--listen", "127.0.0.4:0", "--callback", &url];
    let sandbox = Program::sandbox(&words);
    let address = sandbox.listens_on("127.0.0.4:").await;
    let gateway = Gateway::with(|config| {
        config.public.listen = listen.parse().unwrap();
        believes(config, &address.to_string());
    })
    .await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;

    let people = Request::get("/sandbox/people").to(address).await;
    assert_eq!(people.status, 200, "{}", people.text());
    let order = json!({"ticket": code.ticket, "person": "mei"}).to_string();
    let scan = Request::post("/sandbox/scan", order).to(address).await;
    assert_eq!(scan.status, 200, "{}", scan.text());
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""token":"#));
}
