//! Who may use the API.

use scangate::config::Secret;

use crate::support::{Gateway, Request};

const KEY: &str = "0123456789abcdef";

/// One request for each word of the API.
fn requests() -> Vec<Request> {
    vec![
        Request::post("/api/v1/push", "{}"),
        Request::post("/api/v1/sessions", "{}"),
        Request::get("/api/v1/sessions/1"),
        Request::new("DELETE", "/api/v1/sessions/1"),
        Request::post("/api/v1/login/verify", "{}"),
        Request::get("/api/v1/nodes"),
        Request::get("/api/v1/nothing"),
    ]
}

async fn the_rest_is_open(gateway: &Gateway) {
    for path in ["/metrics", "/livez", "/readyz"] {
        assert_eq!(
            gateway.tells(Request::get(path)).await.status,
            200,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_key_is_set_the_api_wants_it() {
    let gateway = Gateway::with(|config| config.ops.api_key = Some(Secret::new(KEY))).await;
    for request in requests() {
        gateway.tells(request.clone()).await.error(401);
        for wrong in [
            format!("Bearer {}", KEY.to_uppercase()),
            format!("Bearer {KEY}0"),
            format!("Bearer {}", &KEY[1..]),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Basic {KEY}"),
            KEY.to_owned(),
        ] {
            let request = request.clone().header("Authorization", &wrong);
            gateway.tells(request).await.error(401);
        }
    }
    let right = Request::get("/api/v1/nodes").header("Authorization", &format!("Bearer {KEY}"));
    assert_eq!(gateway.tells(right).await.status, 200);
    the_rest_is_open(&gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_others_reach_needs_a_key() {
    let gateway = Gateway::with(|config| {
        config.ops.listen = "0.0.0.0:0".parse().unwrap();
    })
    .await;
    for request in requests() {
        assert_eq!(gateway.tells(request).await.error(403), "key_required");
    }
    the_rest_is_open(&gateway).await;
}

/// A page whose name its owner has made to lead to this host is of one origin with us to its browser.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_nobody_is_answered_who_calls_us_by_a_name() {
    let gateway = Gateway::start().await;
    let asks = async |host: &str| {
        let request = Request::get("/api/v1/nodes").host(host);
        gateway.tells(request).await
    };
    for host in [
        "evil.example",
        "evil.example:9129",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[::1].evil.example",
        "127.1",
        "me@evil.example",
    ] {
        let answer = asks(host).await;
        assert!(
            [400, 403].contains(&answer.status),
            "{host}: {}",
            answer.text()
        );
    }
    assert_eq!(asks("evil.example").await.error(403), "origin_not_allowed");
    for host in ["localhost", "LocalHost:9129", "127.0.0.1", "[::1]:9129"] {
        assert_eq!(asks(host).await.status, 200, "{host}");
    }
    for request in requests() {
        let request = request.host("evil.example");
        assert_eq!(
            gateway.tells(request).await.error(403),
            "origin_not_allowed"
        );
    }
    let gateway = Gateway::with(|config| config.ops.api_key = Some(Secret::new(KEY))).await;
    let right = Request::get("/api/v1/nodes").header("Authorization", &format!("Bearer {KEY}"));
    assert_eq!(gateway.tells(right.host("ops.example")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_the_api_answers_on_every_address() {
    let gateway = Gateway::with(|config| {
        config.ops.listen = "0.0.0.0:0".parse().unwrap();
        config.ops.api_key = Some(Secret::new(KEY));
    })
    .await;
    let nodes = Request::get("/api/v1/nodes");
    gateway.tells(nodes.clone()).await.error(401);
    let right = nodes.header("Authorization", &format!("Bearer {KEY}"));
    assert_eq!(gateway.tells(right).await.status, 200);
}
