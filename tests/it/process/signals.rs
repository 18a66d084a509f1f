//! SIGTERM, SIGHUP, SIGKILL, and what is left after each.

use std::fs;
use std::net::SocketAddr;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    APP_ID, APP_SECRET, Backend, Code, Page, Phone, Platform, Process, Request, TOKEN, Websocket,
    Wire, eventually,
};

async fn page_at(public: SocketAddr) -> Page {
    Page::behind(Websocket::open(Wire::connect(public).await, "/").await)
}

fn directory() -> (TempDir, String) {
    let data = TempDir::new().unwrap();
    let path = data.path().to_str().unwrap().to_owned();
    (data, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains_and_the_process_ends_well() {
    let (_data, path) = directory();
    let mut process = Process::serves(&[
        ("SCANGATE_DATA_DIR", &path),
        ("SCANGATE_BIND_REGISTER", "true"),
        ("SCANGATE_DRAIN_DELAY_SECONDS", "1.5"),
        ("SCANGATE_DRAIN_SECONDS", "0.2"),
    ])
    .await;
    let code = Code::foreign(7, "gQ");
    let mut page = page_at(process.public).await;
    page.binds(&code).await;
    process.signals("TERM").await;
    eventually("readiness", 503, async || {
        Request::get("/readyz").to(process.ops).await.status
    })
    .await;
    let mut backend = Backend::at(process.push).await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
    assert!(page.is_closed_with(1001).await.contains("retry_ms="));
    backend.is_closed().await;
    assert_eq!(process.ends().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reloads_what_can_be_reloaded_and_says_what_cannot() {
    let (data, path) = directory();
    let file = data.path().join("scangate.toml");
    fs::write(&file, "[bind]\nregister = true\n").unwrap();
    let process = Process::serves(&[
        ("SCANGATE_DATA_DIR", &path),
        ("SCANGATE_CONFIG", file.to_str().unwrap()),
    ])
    .await;
    let mut page = page_at(process.public).await;
    page.binds(&Code::foreign(7, "gQ")).await;
    let stranger = Websocket::request("/").header("Origin", "https://www.iyuu.cn");
    let knocks = async || {
        let wire = Wire::connect(process.public).await;
        Websocket::knock(wire, &stranger).await.is_ok()
    };
    assert!(!knocks().await);

    // A faulty file is no reason to stop, nor to open up.
    fs::write(
        &file,
        "[public]\norigins = \"*\"\n[ping]\nseconds = \"whenever\"\n",
    )
    .unwrap();
    process.signals("HUP").await;
    process.prints("whenever").await;
    assert!(!knocks().await);

    fs::write(
        &file,
        "[public]\norigins = [\"https://www.iyuu.cn\"]\n[push]\nline_bytes = 1000\n",
    )
    .unwrap();
    process.signals("HUP").await;
    process.prints("push.line_bytes").await;
    eventually("whether the stranger may come", true, knocks).await;
    page.hears_nothing().await;
}

/// The send token that a person gets by a scan.
async fn token(process: &Process) -> String {
    let reply = Request::get("/qrcode").to(process.public).await;
    let code = Code::from_reply(reply.text());
    let mut page = page_at(process.public).await;
    page.binds(&code).await;
    Phone::at(process.public, "ann").scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result: Value = serde_json::from_str(&page.next().await).unwrap();
    result["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn send_tokens_outlive_a_restart_and_a_crash() {
    let platform = Platform::start().await;
    let url = platform.url();
    let (_data, path) = directory();
    let variables = [
        ("SCANGATE_DATA_DIR", path.as_str()),
        ("SCANGATE_DRAIN_DELAY_SECONDS", "0"),
        ("SCANGATE_WECHAT_APP_ID", APP_ID),
        ("SCANGATE_WECHAT_APP_SECRET", APP_SECRET),
        ("SCANGATE_WECHAT_TOKEN", TOKEN),
        ("SCANGATE_WECHAT_API_URL", &url),
    ];
    let mut process = Process::serves(&variables).await;
    let first = token(&process).await;
    process.signals("TERM").await;
    assert_eq!(process.ends().await.code(), Some(0));

    let mut process = Process::serves(&variables).await;
    assert_eq!(token(&process).await, first);
    process.signals("KILL").await;
    process.ends().await;

    let process = Process::serves(&variables).await;
    assert_eq!(token(&process).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_warns_that_limits_by_address_are_off_behind_a_stranger() {
    let (_data, path) = directory();
    let process = Process::serves(&[("SCANGATE_DATA_DIR", &path)]).await;
    process.prints("public.trusted_proxies").await;
    let forwarded = Request::get("/qrcode").header("X-Forwarded-For", "192.0.2.1");
    forwarded.to(process.public).await;
    process.prints("orward").await;
}
