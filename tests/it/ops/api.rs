//! `/api/v1/push`, `/api/v1/login/verify`, `/api/v1/nodes`.

use serde_json::Value;

use crate::support::{Gateway, Request, Response};

async fn pushes(gateway: &Gateway, line: impl Into<Vec<u8>>) -> Response {
    gateway.tells(Request::post("/api/v1/push", line)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_over_http_is_answered_with_the_verdict() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let queued = pushes(&gateway, code.nth(0)).await;
    assert_eq!(queued.status, 200);
    assert_eq!(queued.json()["result"], "queued");
    assert_eq!(queued.json()["nodes"], 0);

    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    let (event, id) = page.next_with_id().await;
    assert_eq!(event, code.nth(0));
    assert_eq!(queued.json()["id"], id);

    let ok = pushes(&gateway, code.nth(1)).await;
    assert_eq!(ok.status, 200);
    assert_eq!(ok.json()["result"], "ok");
    assert_eq!(ok.json()["nodes"], 1);
    assert_eq!(page.next_with_id().await.0, code.nth(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_fails_is_422_and_says_why() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let long = code.event(&format!(r#""pad":"{}""#, "x".repeat(65536)));
    for (line, reason) in [
        (r#"{"uid":1,"ticket":"gQ"}"#.to_owned(), "uid_unknown"),
        (code.nth(0).replace("gQ", "gX"), "ticket_mismatch"),
        ("nonsense".to_owned(), "bad_json"),
        (String::new(), "bad_json"),
        ("[]".to_owned(), "bad_json"),
        (r#"{"ticket":"gQ"}"#.to_owned(), "no_uid"),
        (long, "too_long"),
    ] {
        let answer = pushes(&gateway, line.clone()).await;
        let start = &line[..line.len().min(60)];
        assert_eq!(answer.status, 422, "{start}: {}", answer.text());
        assert_eq!(answer.json()["result"], "fail", "{start}");
        assert_eq!(answer.json()["reason"], reason, "{start}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_id_counts_at_both_doors() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let line = code.event(r#""push_id":"one""#);
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&line).await, "queued");
    let again = pushes(&gateway, line.clone()).await;
    assert_eq!(again.json()["result"], "queued");
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    assert_eq!(page.next_with_id().await.0, line);
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_was_given_verifies_nobody() {
    let gateway = Gateway::start().await;
    for body in [
        "",
        "{}",
        r#"{"token":""}"#,
        r#"{"token":"x"}"#,
        r#"{"token":1}"#,
    ] {
        let answer = gateway
            .tells(Request::post("/api/v1/login/verify", body))
            .await;
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
        answer.error(answer.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_is_on_its_own_list() {
    let gateway = Gateway::start().await;
    let _pages = [gateway.page().await, gateway.page().await];
    gateway.has("scangate_connections", 2.0).await;
    let answer = gateway.tells(Request::get("/api/v1/nodes")).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    let nodes = json.as_array().or_else(|| json["nodes"].as_array());
    let [node] = nodes.expect("a list").as_slice() else {
        panic!("{json}");
    };
    assert_eq!(node["connections"], 2, "{json}");
    assert!(
        node.as_object().unwrap().values().any(Value::is_string),
        "{json}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_else() {
    let gateway = Gateway::start().await;
    for path in ["/", "/api/v1/", "/api/v1/nothing", "/qrcode", "/wechat"] {
        gateway.tells(Request::get(path)).await.error(404);
    }
    for (method, path) in [
        ("GET", "/api/v1/push"),
        ("PUT", "/api/v1/sessions"),
        ("PATCH", "/api/v1/sessions/1"),
        ("GET", "/api/v1/login/verify"),
        ("DELETE", "/api/v1/nodes"),
    ] {
        let answer = gateway.tells(Request::new(method, path)).await;
        assert_eq!(answer.status, 405, "{method} {path}");
    }
}
