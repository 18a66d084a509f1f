//! A node that cannot join says why, gives up soon, and keeps the password to itself.

use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::{
    Certificate, CertificateFiles, Process, Request, Server, ask, becomes, free_port, scangate,
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

/// A server that speaks TLS too, and lets nobody in but `gate` with `se:cret`; `settings` are more.
async fn guarded(files: &CertificateFiles, port: &str, settings: &[&str]) -> Server {
    let certificate = files.certificate();
    let key = certificate.with_file_name("key.pem");
    let [certificate, key] = [&certificate, &key].map(|path| path.to_str().unwrap());
    let tls = [
        "--tls-port",
        port,
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-ca-cert-file",
        certificate,
        "--tls-auth-clients",
        "no",
    ];
    let redis = Server::with(&[&tls, settings].concat()).await;
    if !settings.is_empty() {
        redis.has_all_slots().await;
    }
    let rights = [">se:cret", "on", "~*", "&*", "+@all"];
    redis
        .say(&[&["ACL", "SETUSER", "gate"], &rights[..]].concat())
        .await;
    redis.say(&["ACL", "SETUSER", "default", "off"]).await;
    redis
}

/// A node joins at this URL, works, and keeps the secret to itself.
async fn joins_and_works(url: &str, roots: Option<&CertificateFiles>) {
    let data = TempDir::new().unwrap();
    let mut variables = vec![
        ("SCANGATE_BROKER_URL", url.to_owned()),
        ("SCANGATE_DATA_DIR", data.path().display().to_string()),
    ];
    if let Some(roots) = roots {
        let file = roots.certificate();
        variables.push(("SSL_CERT_FILE", file.display().to_string()));
    }
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let node = Process::serves(&variables).await;
    let session = Request::post("/api/v1/sessions", r#"{"uid":7,"ticket":"t"}"#);
    let made = session.to(node.ops).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!node.said().contains("se:cret"), "{}", node.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_joins_over_tls() {
    let files = CertificateFiles::with(&Certificate::new());
    let port = free_port().to_string();
    let _redis = guarded(&files, &port, &[]).await;
    let url = format!("rediss://gate:se%3Acret@localhost:{port}");
    joins_and_works(&url, Some(&files)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_joins_a_cluster_over_tls() {
    let files = CertificateFiles::with(&Certificate::new());
    let [port, bus] = [free_port(), free_port()].map(|port| port.to_string());
    // Its certificate is for a name, and over TLS it names the port for that.
    let named = [
        "--tls-cluster",
        "yes",
        "--cluster-announce-hostname",
        "localhost",
        "--cluster-preferred-endpoint-type",
        "hostname",
    ];
    let settings = [&Server::cluster_settings(&bus)[..], &named].concat();
    let _redis = guarded(&files, &port, &settings).await;
    let url = format!("rediss-cluster://gate:se%3Acret@localhost:{port}");
    joins_and_works(&url, Some(&files)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_joins_behind_sentinels_that_have_a_password_too() {
    let redis = Server::with(&["--requirepass", "se:cret"]).await;
    let port = redis.port();
    let words = format!("main 127.0.0.1 {port} 1");
    let monitor = format!("port 0\nsentinel monitor {words}\nsentinel auth-pass main se:cret\n");
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("sentinel.conf");
    std::fs::write(&file, monitor).unwrap();
    let sentinel = free_port().to_string();
    let _watcher = tokio::process::Command::new("redis-server")
        .arg(&file)
        .args(["--sentinel", "--port", &sentinel, "--bind", "127.0.0.1"])
        .args(["--requirepass", "watch"])
        .current_dir(directory.path())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let at = format!("127.0.0.1:{sentinel}").parse().unwrap();
    let knows = async || ask(at, &["AUTH", "watch"]).await;
    becomes(PATIENCE, "the sentinel", knows, Result::is_ok).await;
    let url = format!(
        "redis-sentinel://:se%3Acret@127.0.0.1:{sentinel}?sentinelServiceName=main\
         &sentinelPassword=watch"
    );
    joins_and_works(&url, None).await;
}
