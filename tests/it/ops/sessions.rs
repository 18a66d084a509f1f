//! `/api/v1/sessions`: codes for actions, and sessions that other systems issued.

use serde_json::Value;

use crate::support::{Code, Gateway, Phone, Platform, Request, Response};

async fn posts(gateway: &Gateway, body: &str) -> Response {
    gateway.tells(Request::post("/api/v1/sessions", body)).await
}

async fn view(gateway: &Gateway, uid: u32) -> Value {
    let path = format!("/api/v1/sessions/{uid}");
    let answer = gateway.tells(Request::get(&path)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_system_issued_is_registered_renewed_and_not_taken_over() {
    let gateway = Gateway::start().await;
    let ours = r#"{"uid":42,"ticket":"gQours","ttl":300}"#;
    let made = posts(&gateway, ours).await;
    assert_eq!(made.status, 201);
    let json = made.json();
    assert_eq!(json["uid"], 42);
    assert_eq!(json["ticket"], "gQours");
    assert_eq!(json["expire_seconds"], 300);
    assert!(json.get("key").is_none_or(Value::is_null), "{json}");

    assert_eq!(posts(&gateway, ours).await.status, 200);
    posts(&gateway, r#"{"uid":42,"ticket":"gQtheirs"}"#)
        .await
        .error(409);

    let code = Code::from_reply(made.text());
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_may_come_as_digits() {
    let gateway = Gateway::start().await;
    let made = posts(&gateway, r#"{"uid":"43","ticket":"gQ"}"#).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(Code::from_reply(made.text()).uid, 43);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_is_the_sessions_unless_it_is_named() {
    let gateway = Gateway::start().await;
    for (ttl, seconds) in [("", 120), (r#","ttl":1"#, 1), (r#","ttl":86400"#, 86400)] {
        let body = format!(r#"{{"uid":{},"ticket":"gQ"{ttl}}}"#, 1000 + seconds);
        let made = posts(&gateway, &body).await;
        assert_eq!(made.status, 201, "{body}: {}", made.text());
        assert_eq!(made.json()["expire_seconds"], seconds, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_makes_no_sense_makes_no_session() {
    let gateway = Gateway::start().await;
    for body in [
        "",
        "nonsense",
        "[]",
        r#"{"uid":7}"#,
        r#"{"ticket":"gQ"}"#,
        r#"{"uid":0,"ticket":"gQ"}"#,
        r#"{"uid":4294967296,"ticket":"gQ"}"#,
        r#"{"uid":"07","ticket":"gQ"}"#,
        r#"{"uid":7,"ticket":""}"#,
        r#"{"uid":7,"ticket":true}"#,
        r#"{"uid":7,"ticket":"gQ","ttl":0}"#,
        r#"{"uid":7,"ticket":"gQ","ttl":86401}"#,
        r#"{"uid":7,"ticket":"gQ","ttl":-1}"#,
        r#"{"uid":7,"ticket":"gQ","ttl":"300"}"#,
        r#"{"action":"root","account":"a"}"#,
    ] {
        let answer = posts(&gateway, body).await;
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
        answer.error(answer.status);
    }
    let unknown = gateway.tells(Request::get("/api/v1/sessions/7")).await;
    unknown.error(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_where_it_is_asked_for_and_kept_when_renewed() {
    let gateway = Gateway::start().await;
    let body = r#"{"uid":44,"ticket":"gQ","key":true}"#;
    let made = posts(&gateway, body).await;
    let code = Code::from_reply(made.text());
    assert!(made.json()["key"].is_string());
    let mut page = gateway.page().await;
    page.binds(&code).await;
    assert_eq!(posts(&gateway, body).await.status, 200);
    page.binds(&code).await;
    page.says(&Code::foreign(44, "gQ").text).await;
    page.is_refused("ticket_mismatch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_can_be_looked_at() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    let code = gateway.qrcode("login").await;
    let waiting = view(&gateway, code.uid).await;
    assert_eq!(waiting["state"], "waiting");
    assert_eq!(waiting["action"], "login");
    assert_eq!(waiting["online"], false);
    assert_eq!(waiting["nodes"].as_array().unwrap().len(), 0);

    let mut page = gateway.page().await;
    page.binds(&code).await;
    let held = view(&gateway, code.uid).await;
    assert_eq!(held["online"], true);
    assert_eq!(held["nodes"].as_array().unwrap().len(), 1);

    Phone::of(&gateway, "ann").scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    page.next().await;
    assert_eq!(view(&gateway, code.uid).await["state"], "done");
    // Who looks is not told what only the page and the backend know.
    assert!(!view(&gateway, code.uid).await.to_string().contains("key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_uid_or_unknown_is_not_found() {
    let gateway = Gateway::start().await;
    for uid in ["1", "4294967295"] {
        let path = format!("/api/v1/sessions/{uid}");
        gateway.tells(Request::get(&path)).await.error(404);
    }
    for uid in ["0", "x", "01", "-1", "4294967296", ""] {
        let path = format!("/api/v1/sessions/{uid}");
        let answer = gateway.tells(Request::get(&path)).await;
        assert!((400..500).contains(&answer.status), "{uid}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_is_gone_and_its_uid_free() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    let ended = gateway.tells(Request::new("DELETE", &path)).await;
    assert!((200..300).contains(&ended.status));
    gateway.tells(Request::get(&path)).await.error(404);
    let body = format!(r#"{{"uid":{},"ticket":"gQnew"}}"#, code.uid);
    assert_eq!(posts(&gateway, &body).await.status, 201);
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_before_the_scan_is_unknown_to_the_phone() {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    let code = gateway.qrcode("token").await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    gateway.tells(Request::new("DELETE", &path)).await;
    let ann = Phone::of(&gateway, "ann");
    let answer = ann.scans(&code).await;
    assert!(!ann.reads(&answer).expect("a text").is_empty());
}
