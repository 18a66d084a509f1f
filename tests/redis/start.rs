//! A node that cannot join says why, gives up soon, and keeps the password to itself.

use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::{
    Certificate, CertificateFiles, Process, Request, Server, free_port, scangate,
};

/// `EX_UNAVAILABLE` of sysexits: an outer thing is missing.
const UNAVAILABLE: i32 = 69;
/// How long a start may try.
const PATIENCE: Duration = Duration::from_secs(8);

const PASSWORD: &str = "hunter22";

/// Starts a node with this broker; it must fail, soon, with these words.
async fn fails(url: &str, words: &[&str]) {
    let data = TempDir::new().unwrap();
    let begun = Instant::now();
    let variables = [
        ("SCANGATE_BROKER_URL", url),
        ("SCANGATE_PUBLIC_LISTEN", "127.0.0.1:0"),
        ("SCANGATE_PUSH_LISTEN", "127.0.0.1:0"),
        ("SCANGATE_OPS_LISTEN", "127.0.0.1:0"),
        ("SCANGATE_DATA_DIR", data.path().to_str().unwrap()),
    ];
    let output = scangate(&["serve"], &variables).await;
    let [stdout, stderr] = [&output.stdout, &output.stderr];
    let said = [stdout, stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let said = said.concat();
    assert_eq!(output.status.code(), Some(UNAVAILABLE), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
    assert!(begun.elapsed() < PATIENCE, "{said}");
    let lower = said.to_lowercase();
    assert!(lower.contains("redis"), "{said}");
    let named = words.iter().any(|word| lower.contains(word));
    assert!(named, "none of {words:?} in: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_not_shown() {
    let redis = Server::with(&["--requirepass", "right"]).await;
    let at = redis.address();
    let refusals = ["wrongpass", "password", "auth"];
    fails(&format!("redis://:{PASSWORD}@{at}"), &refusals).await;
    fails(&format!("redis://nobody:{PASSWORD}@{at}"), &refusals).await;
    fails(&format!("redis://{at}"), &["noauth", "auth"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told() {
    let port = free_port();
    for url in [
        format!("redis://:{PASSWORD}@127.0.0.1:{port}"),
        format!("redis-cluster://:{PASSWORD}@127.0.0.1:{port}"),
        format!("redis-sentinel://:{PASSWORD}@127.0.0.1:{port}?sentinelServiceName=main"),
    ] {
        fails(&url, &["refused", "connect", "unreachable", "sentinel"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = silent.local_addr().unwrap();
    fails(&format!("redis://:{PASSWORD}@{at}"), &["time", "answer"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_cluster_is_told() {
    let redis = Server::start().await;
    let url = format!("redis-cluster://{}", redis.address());
    fails(&url, &["cluster"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_joins_over_tls() {
    let files = CertificateFiles::with(&Certificate::new());
    let certificate = files.certificate();
    let key = certificate.with_file_name("key.pem");
    let [certificate, key] = [&certificate, &key].map(|path| path.to_str().unwrap());
    let port = free_port().to_string();
    let tls = [
        "--tls-port",
        port.as_str(),
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-ca-cert-file",
        certificate,
        "--tls-auth-clients",
        "no",
    ];
    let redis = Server::with(&tls).await;
    let rights = [">se:cret", "on", "~*", "&*", "+@all"];
    redis
        .say(&[&["ACL", "SETUSER", "gate"], &rights[..]].concat())
        .await;
    redis.say(&["ACL", "SETUSER", "default", "off"]).await;

    let url = format!("rediss://gate:se%3Acret@localhost:{port}");
    let data = TempDir::new().unwrap();
    let node = Process::serves(&[
        ("SCANGATE_BROKER_URL", &url),
        ("SCANGATE_DATA_DIR", data.path().to_str().unwrap()),
        ("SSL_CERT_FILE", certificate),
    ])
    .await;
    let session = Request::post("/api/v1/sessions", r#"{"uid":7,"ticket":"t"}"#);
    let made = session.to(node.ops).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!node.said().contains("se:cret"), "{}", node.said());
}
