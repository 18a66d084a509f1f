//! How many codes an address may have, and whose word about addresses counts.

use crate::support::{Call, Gateway, Platform, Request, Response, Wire};

async fn gateway(platform: &Platform, trusted: &[&str]) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        config.limit.qrcodes_per_minute = 2;
        config.public.trusted_proxies = trusted.iter().map(|net| net.parse().unwrap()).collect();
    })
    .await
}

async fn asks(gateway: &Gateway, source: u8, forwarded: Option<&str>) -> Response {
    let request = Request::get("/qrcode");
    let request = match forwarded {
        Some(chain) => request.header("X-Forwarded-For", chain),
        None => request,
    };
    let mut wire = Wire::connect_from([127, 0, 0, source], gateway.public()).await;
    request.over(&mut wire).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_its_share_and_no_more() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform, &[]).await;
    assert_eq!(asks(&gateway, 5, None).await.status, 200);
    assert_eq!(asks(&gateway, 5, None).await.status, 200);
    asks(&gateway, 5, None).await.error(429);
    assert_eq!(asks(&gateway, 6, None).await.status, 200);
    assert_eq!(platform.heard(Call::Qrcode).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_the_address_is_the_one_it_names() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform, &["127.0.0.5/32", "10.0.0.0/8"]).await;
    for visitor in ["192.0.2.1", "192.0.2.2", "2001:db8:1::1"] {
        assert_eq!(asks(&gateway, 5, Some(visitor)).await.status, 200);
        assert_eq!(asks(&gateway, 5, Some(visitor)).await.status, 200);
        asks(&gateway, 5, Some(visitor)).await.error(429);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_visitor_writes_before_the_proxy_counts_for_nothing() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform, &["127.0.0.5/32", "10.0.0.0/8"]).await;
    // From the right, the first address that is no proxy of ours is the visitor's.
    for invented in [
        "198.51.100.1, 192.0.2.1",
        "198.51.100.2, 192.0.2.1, 10.1.2.3",
    ] {
        assert_eq!(asks(&gateway, 5, Some(invented)).await.status, 200);
    }
    asks(&gateway, 5, Some("198.51.100.3, 192.0.2.1"))
        .await
        .error(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_that_is_not_trusted_there_is_no_limit_by_address() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform, &[]).await;
    // All its visitors would share one address.
    for n in 0..6 {
        let visitor = format!("192.0.2.{n}");
        assert_eq!(asks(&gateway, 5, Some(&visitor)).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nought_is_no_limit() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.limit.qrcodes_per_minute = 0;
    })
    .await;
    for _ in 0..50 {
        assert_eq!(asks(&gateway, 5, None).await.status, 200);
    }
}

/// A request behind the line by which a proxy of the PROXY protocol introduces a visitor.
async fn introduced(gateway: &Gateway, source: u8, visitor: &str) -> Option<Response> {
    let mut wire = Wire::connect_from([127, 0, 0, source], gateway.public()).await;
    let mut bytes = format!("PROXY TCP4 {visitor} 127.0.0.1 40000 2129\r\n").into_bytes();
    bytes.extend(Request::get("/qrcode").bytes(&wire.host));
    let _ = wire.tries_to_send(bytes).await;
    Response::read(&mut wire, "GET").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_may_introduce_its_visitors_on_the_connection_too() {
    let platform = Platform::start().await;
    let gateway = gateway(&platform, &["127.0.0.5/32"]).await;
    for visitor in ["192.0.2.1", "192.0.2.2"] {
        for status in [200, 200, 429] {
            let answer = introduced(&gateway, 5, visitor).await.unwrap();
            assert_eq!(answer.status, status, "{visitor}");
        }
    }
    // From anybody else it is no HTTP.
    let stranger = introduced(&gateway, 6, "192.0.2.3").await;
    assert!(stranger.is_none_or(|answer| answer.status >= 400));
}
