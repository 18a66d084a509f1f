//! Several connections on one uid, and the backend's right to end it.

use crate::support::{CLOSE, Gateway, Page, Request, TEXT, Websocket, Wire, masked};

#[tokio::test(flavor = "multi_thread")]
async fn each_connection_of_a_uid_hears_each_event() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let (mut one, mut two) = (gateway.page().await, gateway.page().await);
    one.binds(&code).await;
    two.binds(&code).await;
    let mut backend = gateway.backend().await;
    for n in 0..3 {
        assert_eq!(backend.say(&code.nth(n)).await, "ok");
        one.hears(&code.nth(n)).await;
        two.hears(&code.nth(n)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_close_of_an_old_connection_never_unbinds_a_newer_one() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut old = gateway.page().await;
    old.binds(&code).await;
    let mut new = gateway.page().await;
    new.binds(&code).await;
    old.leaves().await;
    gateway.has("scangate_bindings", 1.0).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    new.hears(&code.nth(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_page_gives_its_uid_back() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    drop(page);
    gateway.has("scangate_bindings", 0.0).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_backend_ends_closes_its_pages() {
    let gateway = Gateway::start().await;
    let (code, other) = (gateway.code().await, gateway.code().await);
    let mut pages = [gateway.page().await, gateway.page().await];
    for page in &mut pages {
        page.binds(&code).await;
    }
    let mut bystander = gateway.page().await;
    bystander.binds(&other).await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    let reply = gateway.tells(Request::new("DELETE", &path)).await;
    assert!((200..300).contains(&reply.status), "{reply:?}");
    for page in &mut pages {
        page.is_closed_with(4401).await;
    }
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "fail");
    assert_eq!(backend.say(&other.nth(1)).await, "ok");
    bystander.hears(&other.nth(1)).await;
    let mut late = gateway.page().await;
    late.says(&code.text).await;
    late.is_refused("uid_unknown").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_is_silent_and_ping_with_pong_is_answered() {
    let gateway = Gateway::start().await;
    let mut page = gateway.page().await;
    page.says(r#"{"cmd":"ping"}"#).await;
    page.says(r#"{"cmd":"ping"}"#).await;
    page.says(r#"{"pong":true,"cmd":"ping"}"#).await;
    page.hears(r#"{"cmd":"pong"}"#).await;
    page.says(r#"{"cmd":"ping","pong":false}"#).await;
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ws_is_another_door_to_the_same_room() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let wire = Wire::connect(gateway.public()).await;
    let mut page = Page::behind(Websocket::open(wire, "/ws").await);
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_vanish_in_the_midst_of_it_leave_nothing_behind() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let request = Websocket::request("/");
    let bind = masked(TEXT, code.text.as_bytes());
    for round in 0..60 {
        let mut wire = Wire::connect(gateway.public()).await;
        let mut bytes = request.bytes(&wire.host);
        bytes.extend(&bind);
        // Gone after the request, in the midst of the bind, or before the echo.
        let length = match round % 3 {
            0 => bytes.len() - bind.len(),
            1 => bytes.len() - bind.len() / 2,
            _ => bytes.len(),
        };
        wire.sends(&bytes[..length]).await;
    }
    gateway.has("scangate_connections", 0.0).await;
    gateway.has("scangate_bindings", 0.0).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_outlives_the_session_that_it_binds_itself_to() {
    let gateway = Gateway::start().await;
    for round in 0..40 {
        let code = gateway.code().await;
        let mut page = gateway.page().await;
        let path = format!("/api/v1/sessions/{}", code.uid);
        let end = Request::new("DELETE", &path);
        // Both at once: it comes too late, or it is sent away.
        tokio::join!(gateway.tells(end), page.says(&code.text));
        let first = page.websocket().frame().await.expect("an answer");
        if first.head == CLOSE {
            assert_eq!(first.close_code(), Some(4401));
        } else if first.text() == code.text {
            page.is_closed_with(4401).await;
        } else {
            page.hears_nothing().await;
        }
        let mut backend = gateway.backend().await;
        assert_eq!(backend.say(&code.nth(1)).await, "fail", "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_pages_each_hear_their_own() {
    const PAGES: usize = 200;
    let gateway = Gateway::start().await;
    let mut readers = Vec::new();
    let mut lines = String::new();
    for n in 0..PAGES {
        let code = gateway.code().await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        lines += &format!("{}\n{}\n", code.nth(n), code.nth(n + 1));
        readers.push(tokio::spawn(async move {
            page.hears(&code.nth(n)).await;
            page.hears(&code.nth(n + 1)).await;
            page.hears_nothing().await;
        }));
    }
    let mut backend = gateway.backend().await;
    backend.writes(&lines).await;
    for _ in 0..2 * PAGES {
        assert_eq!(backend.reply().await, "ok");
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
