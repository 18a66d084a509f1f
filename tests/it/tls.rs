//! TLS on the public listener, and certificates that change while people are there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio_rustls::rustls::ClientConfig;

use crate::support::{
    Certificate, CertificateFiles, Gateway, Page, Request, Websocket, Wire, eventually,
};

const RELOAD: Duration = Duration::from_millis(100);

async fn gateway(files: &CertificateFiles) -> Gateway {
    Gateway::with(|config| {
        files.serve(config);
        config.public.tls_reload = RELOAD;
        config.limit.header = Duration::from_millis(500);
    })
    .await
}

async fn page(public: SocketAddr, trust: &Arc<ClientConfig>) -> Page {
    let wire = Wire::connect_tls(public, Arc::clone(trust)).await;
    Page::behind(Websocket::open(wire.unwrap(), "/").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_over_tls() {
    let certificate = Certificate::new();
    let gateway = gateway(&CertificateFiles::with(&certificate)).await;
    let trust = Certificate::trusted(&[&certificate]);
    let code = gateway.code().await;
    let mut page = page(gateway.public(), &trust).await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    let long = code.event(&format!(r#""pad":"{}""#, "x".repeat(60_000)));
    for event in [&code.nth(1), &long, &code.nth(2)] {
        assert_eq!(backend.say(event).await, "ok");
        page.hears(event).await;
    }
    let mut wire = Wire::connect_tls(gateway.public(), trust).await.unwrap();
    assert_eq!(Request::get("/").over(&mut wire).await.status, 200);
    page.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_same_origin_is_one_of_https() {
    let certificate = Certificate::new();
    let gateway = gateway(&CertificateFiles::with(&certificate)).await;
    let trust = Certificate::trusted(&[&certificate]);
    let own = format!("https://{}", gateway.public());
    let wire = Wire::connect_tls(gateway.public(), trust).await.unwrap();
    let request = Websocket::request("/").header("Origin", &own);
    assert!(Websocket::knock(wire, &request).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_taken_without_a_dropped_connection() {
    let (old, new) = (Certificate::new(), Certificate::new());
    let files = CertificateFiles::with(&old);
    let gateway = gateway(&files).await;
    let code = gateway.code().await;
    let mut early = page(gateway.public(), &Certificate::trusted(&[&old])).await;
    early.binds(&code).await;

    // Visitors come all the time, and none is turned away while the files change.
    let done = Arc::new(AtomicBool::new(false));
    let visitors = tokio::spawn({
        let (done, public) = (Arc::clone(&done), gateway.public());
        let both = Certificate::trusted(&[&old, &new]);
        async move {
            while !done.load(Ordering::Relaxed) {
                page(public, &both).await.leaves().await;
            }
        }
    });
    files.become_those_of(&new);
    let trust = Certificate::trusted(&[&new]);
    eventually("whether the new certificate is shown", true, async || {
        let trust = Arc::clone(&trust);
        Wire::connect_tls(gateway.public(), trust).await.is_ok()
    })
    .await;
    done.store(true, Ordering::Relaxed);
    visitors.await.unwrap();

    let mut late = page(gateway.public(), &trust).await;
    late.binds(&code).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    early.hears(&code.nth(1)).await;
    late.hears(&code.nth(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_changes_nothing_and_a_good_one_mends_it() {
    let (old, new) = (Certificate::new(), Certificate::new());
    let files = CertificateFiles::with(&old);
    let gateway = gateway(&files).await;
    let trust = Certificate::trusted(&[&old]);
    for spoilt in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        files.are_spoilt(spoilt);
        // Time is the subject: it looks at the files several times.
        let begun = Instant::now();
        while begun.elapsed() < 4 * RELOAD {
            page(gateway.public(), &trust).await.leaves().await;
        }
    }
    let looked = |result| format!("scangate_tls_reloads_total{{result=\"{result}\"}}");
    assert!(gateway.metric(&looked("refused")).await > Some(0.0));
    gateway.has(&looked("ok"), 0.0).await;
    files.become_those_of(&new);
    let trust = Certificate::trusted(&[&new]);
    eventually("whether the new certificate is shown", true, async || {
        let trust = Arc::clone(&trust);
        Wire::connect_tls(gateway.public(), trust).await.is_ok()
    })
    .await;
    gateway.has(&looked("ok"), 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_says_when_the_certificate_in_use_ends() {
    let files = CertificateFiles::with(&Certificate::until(2031));
    let gateway = gateway(&files).await;
    let series = "scangate_certificate_expiry_timestamp_seconds";
    gateway.has(series, 1_924_992_000.0).await;
    files.become_those_of(&Certificate::until(2032));
    gateway.has(series, 1_956_528_000.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_finish_the_handshake_is_given_up() {
    let certificate = Certificate::new();
    let gateway = gateway(&CertificateFiles::with(&certificate)).await;
    for start in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let begun = Instant::now();
        let mut wire = Wire::connect(gateway.public()).await;
        wire.sends(start).await;
        wire.takes_all().await;
        assert!(begun.elapsed() >= Duration::from_millis(500));
    }
    let mut plain = Wire::connect(gateway.public()).await;
    plain.sends(Request::get("/").bytes("localhost")).await;
    let answer = plain.takes_all().await;
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    gateway
        .has("scangate_tls_handshakes_failed_total", 3.0)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_says_goodbye_over_tls_too() {
    let certificate = Certificate::new();
    let mut gateway = gateway(&CertificateFiles::with(&certificate)).await;
    let trust = Certificate::trusted(&[&certificate]);
    let mut page = page(gateway.public(), &trust).await;
    gateway.is_told_to_go();
    assert!(page.is_closed_with(1001).await.contains("retry_ms="));
    gateway.is_gone().await;
}
