//! The public listener as any web server: the page, its manners, and visitors without any.

use std::time::{Duration, Instant};

use tokio::time::interval;

use crate::support::{Gateway, Platform, Request, Response, Wire};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_there_and_may_load_nothing_from_strangers() {
    let gateway = Gateway::start().await;
    let page = gateway.answers(Request::get("/")).await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert!(page.text().to_ascii_lowercase().contains("<!doctype html>"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(!policy.contains("unsafe-"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_refers_to_is_there_and_is_not_sent_twice() {
    let gateway = Gateway::start().await;
    let page = gateway.answers(Request::get("/")).await;
    let quoted = page.text().split('"');
    let assets = quoted.filter(|text| text.trim_start_matches('/').starts_with("assets/"));
    let assets: Vec<_> = assets
        .map(|path| format!("/{}", path.trim_start_matches('/')))
        .collect();
    assert!(assets.len() > 1, "{assets:?}");
    for path in assets.iter().map(String::as_str).chain(["/"]) {
        let first = gateway.answers(Request::get(path)).await;
        assert_eq!(first.status, 200, "{path}");
        assert!(first.header("content-type").is_some(), "{path}");
        let tag = first.header("etag").expect("an ETag").to_owned();
        let again = Request::get(path).header("If-None-Match", &tag);
        assert_eq!(gateway.answers(again).await.status, 304, "{path}");
        let other = Request::get(path).header("If-None-Match", "\"other\"");
        assert_eq!(gateway.answers(other).await.status, 200, "{path}");

        let head = gateway.answers(Request::new("HEAD", path)).await;
        assert_eq!(head.status, 200, "{path}");
        let length = first.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_else() {
    let gateway = Gateway::start().await;
    for path in [
        "/nothing",
        "/assets/nothing.js",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "//",
        "/metrics",
        "/readyz",
        "/api/v1/nodes",
    ] {
        gateway.answers(Request::get(path)).await.error(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_not_allowed() {
    let gateway = Gateway::start().await;
    for (method, path) in [("POST", "/qrcode"), ("DELETE", "/")] {
        let answer = gateway.answers(Request::new(method, path)).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert!(answer.header("allow").is_some(), "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests() {
    let gateway = Gateway::start().await;
    let mut wire = Wire::connect(gateway.public()).await;
    for _ in 0..3 {
        assert_eq!(Request::get("/").over(&mut wire).await.status, 200);
        Request::get("/nothing").over(&mut wire).await.error(404);
    }
    let pipelined = [Request::get("/"), Request::get("/nothing")];
    for request in &pipelined {
        wire.sends(request.bytes(&wire.host)).await;
    }
    for status in [200, 404] {
        let answer = Response::read(&mut wire, "GET").await.unwrap();
        assert_eq!(answer.status, status);
    }
}

const DEADLINE: Duration = Duration::from_millis(300);

async fn impatient(platform: &Platform) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        config.limit.header = DEADLINE;
    })
    .await
}

/// Waits until the gateway has closed, perhaps with a word; it must have given the time it gives.
async fn is_given_up(mut wire: Wire, begun: Instant) {
    let last = wire.takes_all().await;
    let text = String::from_utf8(last).unwrap();
    assert!(
        text.is_empty() || text.starts_with("HTTP/1.1 408"),
        "{text}"
    );
    assert!(begun.elapsed() >= DEADLINE, "after {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_finish_the_headers_is_given_up() {
    let platform = Platform::start().await;
    let gateway = impatient(&platform).await;
    for start in [
        "",
        "G",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: y\r\n",
    ] {
        let begun = Instant::now();
        let mut wire = Wire::connect(gateway.public()).await;
        wire.sends(start).await;
        is_given_up(wire, begun).await;
    }
    assert_eq!(gateway.answers(Request::get("/")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_finish_the_body_is_given_up() {
    let platform = Platform::start().await;
    let gateway = impatient(&platform).await;
    for (address, path) in [
        (gateway.public(), "/wechat?signature=x&timestamp=1&nonce=2"),
        (gateway.ops(), "/api/v1/push"),
    ] {
        let begun = Instant::now();
        let mut wire = Wire::connect(address).await;
        let request = Request::post(path, "a body of some length").bytes(&wire.host);
        wire.sends(&request[..request.len() - 1]).await;
        let last = wire.takes_all().await;
        // Whether it is worth a status is not written anywhere.
        assert!(!last.starts_with(b"HTTP/1.1 2"), "{path}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_trickles_is_given_up_too() {
    let platform = Platform::start().await;
    let gateway = impatient(&platform).await;
    let head = "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ";
    let body = "POST /wechat?signature=x HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n";
    for start in [head, body] {
        let begun = Instant::now();
        let mut wire = Wire::connect(gateway.public()).await;
        wire.sends(start).await;
        // Time is the subject: a byte now and then, so that it is never quite silent.
        let mut drip = interval(DEADLINE / 6);
        while wire.tries_to_send("x").await.is_ok() {
            assert!(begun.elapsed() < 10 * DEADLINE, "it is still listened to");
            drip.tick().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_refused_and_harms_nobody() {
    let gateway = Gateway::start().await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"{\"uid\":1}\n\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        &[0; 100_000],
    ] {
        let mut wire = Wire::connect(gateway.public()).await;
        let _ = wire.tries_to_send(garbage).await;
        let _ = wire.tries_to_send("\r\n\r\n").await;
        let last = wire.takes_all().await;
        assert!(!last.starts_with(b"HTTP/1.1 2"), "{garbage:?}");
    }
    let mut wire = Wire::connect(gateway.public()).await;
    let _ = wire.tries_to_send("GET / HTTP/1.1\r\nHost: x\r\n").await;
    let endless = format!("X-Long: {}\r\n", "x".repeat(1000)).repeat(200);
    let _ = wire.tries_to_send(endless).await;
    let last = wire.takes_all().await;
    assert!(!last.starts_with(b"HTTP/1.1 2"));
    assert_eq!(gateway.answers(Request::get("/")).await.status, 200);
}
