//! `POST /api/v1/broadcast`: one event for many.

use serde_json::{Value, json};

use crate::support::{Gateway, Request, Response, broker};

async fn says(gateway: &Gateway, body: Value) -> Response {
    let path = "/api/v1/broadcast";
    gateway.tells(Request::post(path, body.to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_a_list_gets_an_event_of_its_own() {
    let gateway = Gateway::start().await;
    let (held, kept) = (gateway.code().await, gateway.code().await);
    let mut page = gateway.page().await;
    page.binds(&held).await;
    let uids = [held.uid, 1, kept.uid];
    let answer = says(&gateway, json!({ "event": {"n": 1}, "uids": uids })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    assert!(!json["push_id"].as_str().unwrap().is_empty());
    let results = json["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .map(|told| (told["uid"].as_u64().unwrap(), &told["result"]))
        .collect();
    let uids = uids.map(u64::from);
    assert_eq!(
        told,
        [
            (uids[0], &json!("ok")),
            (1, &json!("fail")),
            (uids[2], &json!("queued"))
        ]
    );
    assert_eq!(results[0]["nodes"], 1);
    assert!(results[0]["id"].is_string());
    assert_eq!(results[1]["reason"], "uid_unknown");

    page.hears(&held.event(r#""n":1"#)).await;
    let mut late = gateway.page().await;
    late.binds_since(&kept, "").await;
    assert_eq!(late.next_with_id().await.0, kept.event(r#""n":1"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_may_be_repeated() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let body = json!({ "event": {"n": 1}, "uids": [code.uid, code.uid], "push_id": "news-1" });
    let first = says(&gateway, body.clone()).await.json();
    assert_eq!(first["push_id"], "news-1");
    assert_eq!(says(&gateway, body).await.json(), first);
    page.hears(&code.event(r#""n":1"#)).await;
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_every_node_hears_what_is_for_all() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    let (one, two) = (a.code().await, a.code().await);
    let mut pages = [a.page().await, b.page().await, b.page().await];
    // Held at both nodes.
    pages[0].binds(&one).await;
    pages[1].binds(&one).await;
    pages[2].binds(&two).await;
    let mut unbound = b.page().await;
    let answer = says(&b, json!({ "event": {"cmd": "news"}, "all": true })).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json()["nodes"], json!(["a", "b"]));
    assert_eq!(answer.json()["silent"], json!([]));
    for (page, code) in pages.iter_mut().zip([&one, &one, &two]) {
        page.hears(&code.event(r#""cmd":"news""#)).await;
        page.hears_nothing().await;
    }
    unbound.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_that_makes_no_sense_is_refused() {
    let gateway = Gateway::start().await;
    let uids: Vec<u32> = (1..=1001).collect();
    for (body, code) in [
        (json!({ "event": {} }), "bad_request"),
        (
            json!({ "event": {}, "uids": [1], "all": true }),
            "bad_request",
        ),
        (json!({ "event": {}, "all": false }), "bad_request"),
        (
            json!({ "event": {}, "all": true, "push_id": "" }),
            "bad_request",
        ),
        (json!({ "event": {}, "uids": uids }), "too_many_uids"),
        (json!({ "event": {"uid": 1}, "all": true }), "bad_json"),
        (
            json!({ "event": {"ticket": null}, "all": true }),
            "bad_json",
        ),
        (json!({ "event": [], "all": true }), "bad_json"),
        (json!({ "all": true }), "bad_json"),
        (json!({ "event": {}, "all": true, "x": 1 }), "bad_json"),
    ] {
        assert_eq!(
            says(&gateway, body.clone()).await.error(400),
            code,
            "{body}"
        );
    }
    gateway
        .tells(Request::get("/api/v1/broadcast"))
        .await
        .error(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_kept_a_broadcast_is_for_those_who_are_there() {
    let gateway = Gateway::with(|config| config.push.retain = false).await;
    let code = gateway.code().await;
    let answer = says(&gateway, json!({ "event": {}, "uids": [code.uid] })).await;
    let told = &answer.json()["results"][0];
    assert_eq!(
        (&told["result"], &told["reason"]),
        (&json!("fail"), &json!("not_held"))
    );
}
