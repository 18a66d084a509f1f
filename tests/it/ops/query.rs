//! `POST /api/v1/sessions/query`: many sessions asked about at once.

use serde_json::json;

use crate::support::{Gateway, Request, Response};

async fn asks(gateway: &Gateway, body: String) -> Response {
    let path = "/api/v1/sessions/query";
    gateway.tells(Request::post(path, body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_are_told_of_in_their_order() {
    let gateway = Gateway::start().await;
    let (one, two) = (gateway.code().await, gateway.code().await);
    let mut page = gateway.page().await;
    page.binds(&two).await;
    let (one, two) = (one.uid, two.uid);
    let answer = asks(&gateway, format!(r#"{{"uids":[{two},1,"{one}",2]}}"#)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    assert_eq!(json["unknown"], json!([1, 2]));
    let sessions = json["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    for (shown, (uid, online)) in sessions.iter().zip([(two, true), (one, false)]) {
        assert_eq!(shown["uid"], uid);
        assert_eq!(shown["online"], online);
        let path = format!("/api/v1/sessions/{uid}");
        let alone = gateway.tells(Request::get(&path)).await.json();
        assert_eq!(alone["state"], shown["state"]);
        assert_eq!(alone["nodes"], shown["nodes"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_bounds() {
    let gateway = Gateway::start().await;
    let uids = |many: u32| json!({ "uids": (1..=many).collect::<Vec<_>>() }).to_string();
    let none = asks(&gateway, uids(0)).await;
    assert_eq!(none.json(), json!({ "sessions": [], "unknown": [] }));
    let most = asks(&gateway, uids(1000)).await;
    assert_eq!(most.json()["unknown"].as_array().unwrap().len(), 1000);
    assert_eq!(asks(&gateway, uids(1001)).await.error(400), "too_many_uids");
    for body in [
        "{}",
        r#"{"uids":[0]}"#,
        r#"{"uids":1}"#,
        r#"{"uids":[],"x":1}"#,
    ] {
        assert_eq!(asks(&gateway, body.to_owned()).await.error(400), "bad_json");
    }
    let path = Request::get("/api/v1/sessions/query");
    gateway.tells(path).await.error(405);
}
