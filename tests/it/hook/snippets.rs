//! The backends of `docs/HOOKS.md`, each run as it stands there.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};

use scangate::config::{HookEvent, Secret};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::support::{Gateway, Request, eventually, now};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The block of this language.
fn snippet(language: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/HOOKS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, block) = text.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// A port below those that the system gives to clients.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let number = std::process::id() as u16 % 1000 + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + number % 4000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Runs the block of `language` by `command`, in which `PORT` and `FILE` stand for themselves, and
/// has a gateway tell it of a command; then tells it lies.
async fn is_a_backend(language: &str, command: &[&str]) {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("hook");
    std::fs::write(&file, snippet(language)).unwrap();
    let port = free_port().to_string();
    let words = command.iter().map(|word| {
        let word = word.replace("PORT", &port);
        word.replace("FILE", file.to_str().unwrap())
    });
    let words: Vec<String> = words.collect();
    let _running = Command::new(&words[0])
        .args(&words[1..])
        .env("PORT", &port)
        .env("HOOK_SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{} is to be installed: {error}", words[0]));
    let address: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    eventually("the backend", true, async || {
        TcpStream::connect(address).await.is_ok()
    })
    .await;

    let gateway = Gateway::with(|config| {
        config.hook.url = Some(format!("http://{address}/"));
        config.hook.secret = Some(Secret::new("a new secret"));
        config.hook.old_secret = Some(Secret::new(SECRET));
        config.hook.events = vec![HookEvent::Bind, HookEvent::Command];
    })
    .await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    page.says(r#"{"cmd":"sms"}"#).await;
    let event: Value = serde_json::from_str(&page.next().await).unwrap();
    assert_eq!(event["cmd"], "heard");
    assert_eq!(event["what"], "sms");
    gateway
        .has(r#"scangate_hooks_total{event="bind",result="ok"}"#, 1.0)
        .await;

    let key = scangate::webhook::SigningKey::new(SECRET).unwrap();
    let body = r#"{"type":"bind","id":"1","data":{"uid":1}}"#;
    let asks = async |time: u64, signature: &str| {
        let request = Request::post("/", body)
            .header("Connection", "close")
            .header("webhook-id", "1")
            .header("webhook-timestamp", &time.to_string())
            .header("webhook-signature", signature);
        request.to(address).await.status
    };
    let sign = |time, body: &str| key.sign("1", time, body.as_bytes());
    assert_eq!(asks(now(), &sign(now(), body)).await, 200);
    assert_eq!(asks(now(), &sign(now(), "{}")).await, 401, "another body");
    assert_eq!(asks(now(), &sign(1, body)).await, 401, "another time");
    let old = now() - 400;
    assert_eq!(asks(old, &sign(old, body)).await, 401, "too old");
    assert_eq!(asks(now(), "v1,").await, 401, "no signature");
    let bare = Request::post("/", body).header("Connection", "close");
    assert_eq!(bare.to(address).await.status, 401, "nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_php() {
    is_a_backend("php", &["php", "-S", "127.0.0.1:PORT", "FILE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_python() {
    is_a_backend("python", &["python3", "FILE"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_node() {
    is_a_backend("js", &["node", "FILE"]).await;
}
