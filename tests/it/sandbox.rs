//! The sandbox plays WeChat well enough to fool the gateway, which knows nothing of it but its URL.

use scangate::config::{Config, Mode, Secret};
use serde_json::{Value, json};

use crate::support::{Gateway, Program, Request, Sender, eventually};

/// The address of the gateway's public listener: the sandbox must know it before it begins. Each
/// run of the tests has one of its own, and each test its port.
fn callback(port: u16) -> String {
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.77.{high}.{low}:{port}")
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
    let listen = callback(2129);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_seen_on_the_pretend_phone_and_opens_its_page() {
    let listen = callback(2139);
    let url = format!("http://{listen}/wechat");
    let words = ["serve", "--listen", "127.0.0.5:0", "--callback", &url];
    let sandbox = Program::sandbox(&words);
    let address = sandbox.listens_on("127.0.0.5:").await;
    let gateway = Gateway::with(|config| {
        config.public.listen = listen.parse().unwrap();
        believes(config, &address.to_string());
        config.wechat.template_id = Some("sandboxTemplate0000000000000000000000000001".to_owned());
    })
    .await;
    let code = gateway.qrcode("token").await;
    let order = json!({"ticket": code.ticket, "person": "mei"}).to_string();
    Request::post("/sandbox/scan", order).to(address).await;
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    page.next_with_id().await;
    let (result, _) = page.next_with_id().await;
    let result: Value = serde_json::from_str(&result).unwrap();
    let path = format!("/{}.send", result["token"].as_str().unwrap());

    let send = async |text: &str| {
        let sent = gateway
            .answers(Request::post(&path, format!("text={text}")))
            .await;
        sent.json()["data"]["msgid"].as_str().unwrap().to_owned()
    };
    let becomes = async |id: &str, expected: [Value; 2]| {
        eventually("the message", expected, async || {
            let told = gateway.answers(Request::get(&format!("{path}/{id}"))).await;
            let told = told.json()["data"].clone();
            [told["state"].clone(), told["reason"].clone()]
        })
        .await;
    };
    let id = send("Hello").await;
    becomes(&id, [json!("delivered"), Value::Null]).await;
    let chat = Request::get("/sandbox/chat?person=mei")
        .to(address)
        .await
        .json();
    let lines = chat["lines"].as_array().unwrap();
    let card = lines.iter().find(|line| line["kind"] == "card").unwrap();
    assert_eq!(card["rows"][0]["value"], "Hello");
    let opened = card["url"]
        .as_str()
        .unwrap()
        .strip_prefix(&format!("http://{listen}"));
    let opened = gateway.answers(Request::get(opened.unwrap())).await;
    assert!(
        opened.text().contains("<h1>Hello</h1>"),
        "{}",
        opened.text()
    );

    let mute = json!({"person": "mei", "mute": true}).to_string();
    Request::post("/sandbox/mute", mute).to(address).await;
    let id = send("Hush").await;
    becomes(&id, [json!("failed"), json!("refused")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pretend_account_has_its_quota() {
    let listen = callback(2149);
    let url = format!("http://{listen}/wechat");
    let words = ["serve", "--listen", "127.0.0.6:0", "--callback", &url];
    let quota = ["--same-template-seconds", "600", "--templates-per-day", "2"];
    let sandbox = Program::sandbox(&[&words[..], &quota].concat());
    let address = sandbox.listens_on("127.0.0.6:").await;
    let gateway = Gateway::with(|config| {
        config.public.listen = listen.parse().unwrap();
        believes(config, &address.to_string());
        config.wechat.template_id = Some("sandboxTemplate0000000000000000000000000001".to_owned());
    })
    .await;
    let mut senders = Vec::new();
    for person in ["mei", "lei"] {
        let code = gateway.qrcode("token").await;
        let order = json!({"ticket": code.ticket, "person": person}).to_string();
        Request::post("/sandbox/scan", order).to(address).await;
        let mut page = gateway.page().await;
        page.binds_since(&code, "").await;
        page.next_with_id().await;
        senders.push(Sender::of(&page.next_with_id().await.0));
    }
    let [mei, lei] = &senders[..] else {
        unreachable!("there are two");
    };
    let refused = async |result: &str| {
        let series = "scangate_wechat_calls_total{endpoint=\"template_send\",result=";
        gateway.has(&format!("{series}\"{result}\"}}"), 1.0).await;
    };
    let id = mei.sends(&gateway, "text=one").await;
    mei.hears(&gateway, &id, "delivered", None).await;
    // The gateway takes the words of another token for others, the platform does not.
    let path = "/api/v1/people/oMei-sandbox-0a1B2c3D4e5F6g7/token";
    let renewed = gateway.tells(Request::new("POST", path)).await;
    let mei = Sender::of(renewed.text());
    let hers = mei.sends(&gateway, "text=one").await;
    refused("wait_a_minute").await;

    let id = lei.sends(&gateway, "text=one").await;
    lei.hears(&gateway, &id, "delivered", None).await;
    let his = lei.sends(&gateway, "text=two").await;
    refused("stop_for_today").await;
    for (sender, id) in [(&mei, hers), (lei, his)] {
        sender.hears(&gateway, &id, "queued", None).await;
    }
}
