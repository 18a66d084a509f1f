//! Proxies that introduce their visitors on the connection itself, by the PROXY protocol.

use std::time::{Duration, Instant};

use crate::support::{
    Certificate, CertificateFiles, Gateway, Page, Platform, Request, Response, Websocket, Wire,
    soon,
};

/// Where the trusted proxy connects from.
const PROXY: [u8; 4] = [127, 0, 0, 5];

/// Longer than a header takes that is sent at once.
const PATIENCE: Duration = Duration::from_millis(500);

/// A gateway that believes [`PROXY`], and gives an address one code.
async fn gateway(platform: &Platform) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        config.limit.qrcodes_per_minute = 1;
        config.limit.header = PATIENCE;
        config.public.trusted_proxies = vec!["127.0.0.5/32".parse().unwrap()];
    })
    .await
}

/// Version 1 in the words of a proxy.
fn line(visitor: &str) -> Vec<u8> {
    let (family, here) = match visitor.contains(':') {
        true => ("TCP6", "::1"),
        false => ("TCP4", "127.0.0.1"),
    };
    format!("PROXY {family} {visitor} {here} 40000 2129\r\n").into_bytes()
}

/// Version 2, with an extension behind the addresses.
fn block(visitor: [u8; 4]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x11".to_vec();
    bytes.extend(visitor);
    bytes.extend([127, 0, 0, 1, 0x9C, 0x40, 0x08, 0x51]);
    bytes.extend([0x04, 0, 2, 0, 0]);
    bytes
}

/// Version 2, where the proxy speaks for itself.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// A connection of the proxy that begins with these bytes.
async fn wire(gateway: &Gateway, begin: impl AsRef<[u8]>) -> Wire {
    let mut wire = Wire::connect_from(PROXY, gateway.public()).await;
    wire.sends(begin).await;
    wire
}

/// The status of a request for a code on such a connection.
async fn code(gateway: &Gateway, begin: impl AsRef<[u8]>) -> u16 {
    let mut wire = wire(gateway, begin).await;
    Request::get("/qrcode").over(&mut wire).await.status
}

async fn refused(gateway: &Gateway, count: f64) {
    let series = "scangate_proxy_headers_refused_total";
    assert_eq!(gateway.metric(series).await, Some(count));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_count_the_address_that_either_version_names() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    assert_eq!(code(&gateway, line("192.0.2.1")).await, 200);
    assert_eq!(code(&gateway, block([192, 0, 2, 1])).await, 429);
    assert_eq!(code(&gateway, block([192, 0, 2, 2])).await, 200);
    assert_eq!(code(&gateway, line("192.0.2.2")).await, 429);
    assert_eq!(code(&gateway, line("2001:db8::1")).await, 200);
    assert_eq!(code(&gateway, line("2001:db8::2")).await, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_names_nobody_speaks_for_itself() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    assert_eq!(code(&gateway, b"PROXY UNKNOWN\r\n").await, 200);
    for begin in [LOCAL, b"PROXY UNKNOWN\r\n", b""] {
        assert_eq!(code(&gateway, begin).await, 429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_visitor_behind_it_is_not_believed_about_others() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let asks = async |begin: Vec<u8>, forwarded: &str| {
        let mut wire = wire(&gateway, begin).await;
        let request = Request::get("/qrcode").header("X-Forwarded-For", forwarded);
        request.over(&mut wire).await.status
    };
    assert_eq!(asks(line("192.0.2.1"), "192.0.2.7").await, 200);
    assert_eq!(asks(line("192.0.2.1"), "192.0.2.8").await, 429);
    // But a proxy behind a proxy is.
    assert_eq!(asks(line("127.0.0.5"), "192.0.2.7").await, 200);
    assert_eq!(asks(line("127.0.0.5"), "192.0.2.7").await, 429);
    assert_eq!(asks(line("127.0.0.5"), "192.0.2.8").await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_behind_it_is_a_page() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let code = gateway.code().await;
    let mut pages = Vec::new();
    for begin in [line("192.0.2.1"), block([192, 0, 2, 2]), LOCAL.to_vec()] {
        // Header, handshake and bind in one piece: nothing behind the header is lost.
        let mut wire = Wire::connect_from(PROXY, gateway.public()).await;
        let handshake = Websocket::request("/").bytes(&wire.host);
        wire.sends([begin, handshake].concat()).await;
        let mut page = Page::behind(Websocket::answered(wire).await.unwrap());
        page.binds(&code).await;
        pages.push(page);
    }
    assert_eq!(gateway.backend().await.say(&code.nth(1)).await, "ok");
    for page in &mut pages {
        page.hears(&code.nth(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_may_come_in_small_pieces() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    for begin in [line("192.0.2.1"), block([192, 0, 2, 2])] {
        let mut wire = Wire::connect_from(PROXY, gateway.public()).await;
        for byte in begin {
            wire.sends([byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(Request::get("/qrcode").over(&mut wire).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_stands_before_tls() {
    let platform = Platform::start().await;
    let certificate = Certificate::new();
    let files = CertificateFiles::with(&certificate);
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        files.serve(config);
        config.limit.qrcodes_per_minute = 1;
        config.public.trusted_proxies = vec!["127.0.0.5/32".parse().unwrap()];
    })
    .await;
    for (begin, status) in [
        (block([192, 0, 2, 1]), 200),
        (block([192, 0, 2, 1]), 429),
        (line("192.0.2.2"), 200),
        (Vec::new(), 200),
    ] {
        let wire = wire(&gateway, begin).await;
        let trust = Certificate::trusted(&[&certificate]);
        let mut wire = wire.starts_tls(trust).await.unwrap();
        let answer = Request::get("/qrcode").over(&mut wire).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_introduces_anybody() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    for begin in [line("192.0.2.1"), block([192, 0, 2, 1])] {
        let mut wire = Wire::connect(gateway.public()).await;
        let request = Request::get("/qrcode").bytes(&wire.host);
        let _ = wire.tries_to_send([begin, request].concat()).await;
        let answer = Response::read(&mut wire, "GET").await;
        assert!(answer.is_none_or(|answer| answer.status == 400));
    }
    refused(&gateway, 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_header_ends_the_connection() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let mut count = 0.0;
    for begin in [
        &b"PROXY TCP4 192.0.2.1 here 40000 2129\r\n"[..],
        b"PROXY TCP4 192.0.2.1 127.0.0.1 40000 2129\n",
        b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0C123456789012",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xFF\xFF",
    ] {
        wire(&gateway, begin).await.is_closed().await;
        count += 1.0;
        refused(&gateway, count).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_cut_ends_the_connection() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    for (begin, count) in [(line("192.0.2.1"), 1.0), (block([192, 0, 2, 1]), 2.0)] {
        let mut wire = wire(&gateway, &begin[..begin.len() - 1]).await;
        wire.sends_no_more().await;
        let begun = Instant::now();
        wire.is_closed().await;
        assert!(begun.elapsed() < PATIENCE, "it waited for more");
        refused(&gateway, count).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_does_not_end_is_not_waited_for() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    for (begin, count) in [(line("192.0.2.1"), 1.0), (block([192, 0, 2, 1]), 2.0)] {
        let begun = Instant::now();
        let mut wire = wire(&gateway, &begin[..begin.len() - 1]).await;
        wire.is_closed().await;
        assert!(begun.elapsed() >= PATIENCE);
        refused(&gateway, count).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_needs_no_header() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform).await;
    let mut check = wire(&gateway, "").await;
    assert_eq!(Request::get("/").over(&mut check).await.status, 200);
    // One that only looks whether somebody listens.
    let mut check = wire(&gateway, "").await;
    check.sends_no_more().await;
    soon("the end of the check", check.is_closed()).await;
    refused(&gateway, 0.0).await;
}
