//! The door: whose handshake is taken, whose page may come, and how many.

use scangate::config::{Origins, Text};

use crate::support::{Gateway, Request, Response, Websocket, Wire};

async fn knocks(gateway: &Gateway, request: Request) -> Result<Websocket, Response> {
    Websocket::knock(Wire::connect(gateway.public()).await, &request).await
}

async fn refusal(gateway: &Gateway, request: Request) -> Response {
    match knocks(gateway, request).await {
        Ok(_) => panic!("a websocket was opened"),
        Err(response) => response,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_same_origin_may_come_and_another_may_not() {
    let gateway = Gateway::start().await;
    let own = format!("http://{}", gateway.public());
    let request = Websocket::request("/");
    assert!(knocks(&gateway, request.clone()).await.is_ok());
    let from_own = request.clone().header("Origin", &own);
    assert!(knocks(&gateway, from_own).await.is_ok());
    for stranger in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let request = request.clone().header("Origin", stranger);
        refusal(&gateway, request).await.error(403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_its_own_host_is_the_one_that_the_page_was_loaded_from() {
    let gateway = Gateway::start().await;
    let request = || Websocket::request("/").host("www.iyuu.cn:2129");
    let own = request().header("Origin", "https://www.iyuu.cn:2129");
    assert!(knocks(&gateway, own).await.is_ok());
    let neighbour = request().header("Origin", "https://www.iyuu.cn");
    refusal(&gateway, neighbour).await.error(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn origins_on_the_list_may_come() {
    let gateway = Gateway::with(|config| {
        let list = "https://www.iyuu.cn,https://a.example:8443";
        config.public.origins = Origins::from_text(list).unwrap();
    })
    .await;
    for origin in ["https://www.iyuu.cn", "https://a.example:8443"] {
        let request = Websocket::request("/ws").header("Origin", origin);
        assert!(knocks(&gateway, request).await.is_ok(), "{origin}");
    }
    for stranger in [
        "http://www.iyuu.cn",
        "https://iyuu.cn",
        "https://www.iyuu.cn.evil.example",
        "https://a.example",
    ] {
        let request = Websocket::request("/").header("Origin", stranger);
        refusal(&gateway, request).await.error(403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_star_lets_every_page_come() {
    let gateway = Gateway::with(|config| config.public.origins = Origins::Any).await;
    let request = Websocket::request("/").header("Origin", "https://evil.example");
    assert!(knocks(&gateway, request).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_handshake_opens_nothing() {
    let gateway = Gateway::start().await;
    let websocket = || {
        Request::get("/ws")
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
    };
    let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let version = ("Sec-WebSocket-Version", "13");
    for (fault, request) in [
        ("no key", websocket().header(version.0, version.1)),
        (
            "a short key",
            websocket()
                .header(version.0, version.1)
                .header(key.0, "c2hvcnQ="),
        ),
        ("no version", websocket().header(key.0, key.1)),
        (
            "no Connection",
            Request::get("/ws")
                .header("Upgrade", "websocket")
                .header(key.0, key.1)
                .header(version.0, version.1),
        ),
        (
            "another protocol",
            Request::get("/ws")
                .header("Connection", "Upgrade")
                .header("Upgrade", "h2c")
                .header(key.0, key.1)
                .header(version.0, version.1),
        ),
        ("no handshake", Request::get("/ws")),
    ] {
        let response = refusal(&gateway, request).await;
        assert!(
            (400..500).contains(&response.status),
            "{fault}: {response:?}"
        );
        response.error(response.status);
    }
    // RFC 6455 section 4.4: name the version that is spoken.
    let old = websocket().header(key.0, key.1).header(version.0, "8");
    let response = refusal(&gateway, old).await;
    assert_eq!(response.status, 426);
    assert_eq!(response.header("sec-websocket-version"), Some("13"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_get_upgrades_and_only_at_the_two_doors() {
    let gateway = Gateway::start().await;
    let post = Request::post("/ws", "")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = refusal(&gateway, post).await;
    assert!((400..500).contains(&response.status), "{response:?}");
    for elsewhere in ["/socket", "/qrcode/ws", "/ws/", "/assets/"] {
        let response = refusal(&gateway, Websocket::request(elsewhere)).await;
        assert_eq!(response.status, 404, "{elsewhere}: {response:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn header_names_and_values_in_any_case_and_lists_are_understood() {
    let gateway = Gateway::start().await;
    let request = Request::get("/?from=somewhere")
        .header("connection", "keep-alive, upgrade")
        .header("UPGRADE", "WebSocket")
        .header("sec-websocket-VERSION", "13")
        .header("Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Extensions", "permessage-deflate");
    assert!(knocks(&gateway, request).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_a_page_is_told_when_to_come_again() {
    let gateway = Gateway::with(|config| config.limit.connections = Some(2)).await;
    let first = gateway.page().await;
    let _second = gateway.page().await;
    let full = refusal(&gateway, Websocket::request("/")).await;
    full.error(503);
    assert!(full.retry_after() > 0);
    // The rest of the house stays open.
    assert_eq!(gateway.answers(Request::get("/")).await.status, 200);
    first.leaves().await;
    gateway.has("scangate_connections", 1.0).await;
    let _third = gateway.page().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_by_address_is_by_address() {
    let gateway = Gateway::with(|config| config.limit.connections_per_address = 1).await;
    let from = async |source| {
        let wire = Wire::connect_from(source, gateway.public()).await;
        Websocket::knock(wire, &Websocket::request("/")).await
    };
    let first = from([127, 0, 0, 5]).await;
    assert!(first.is_ok());
    let second = from([127, 0, 0, 5]).await.err().expect("one is enough");
    second.error(503);
    assert!(second.retry_after() > 0);
    let other = from([127, 0, 0, 6]).await;
    assert!(other.is_ok());
    drop(first);
    gateway.has("scangate_connections", 1.0).await;
    assert!(from([127, 0, 0, 5]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_the_limit_by_address_is_the_visitors() {
    let gateway = Gateway::with(|config| {
        config.limit.connections_per_address = 1;
        config.public.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let visits = async |visitor: &str| {
        let request = Websocket::request("/").header("X-Forwarded-For", visitor);
        knocks(&gateway, request).await
    };
    let _one = visits("192.0.2.1").await.ok().unwrap();
    let _two = visits("192.0.2.2").await.ok().unwrap();
    let again = visits("198.51.100.1, 192.0.2.1").await.err();
    again.expect("one is enough").error(503);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_that_is_not_trusted_the_limit_by_address_is_off() {
    let gateway = Gateway::with(|config| config.limit.connections_per_address = 1).await;
    let request = || Websocket::request("/").header("X-Forwarded-For", "192.0.2.1");
    let _one = knocks(&gateway, request()).await.ok().unwrap();
    let _two = knocks(&gateway, request()).await.ok().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_asked_for_the_page_may_become_a_websocket() {
    let gateway = Gateway::start().await;
    let mut wire = Wire::connect(gateway.public()).await;
    assert_eq!(Request::get("/").over(&mut wire).await.status, 200);
    let mut websocket = Websocket::open(wire, "/").await;
    websocket.says(r#"{"cmd":"ping","pong":true}"#).await;
    let pong = websocket.frame().await.unwrap();
    assert_eq!(pong.text(), r#"{"cmd":"pong"}"#);
}
