//! `/api/v1/groups`, and the claim in a bind that joins them.

use scangate::broker::Broker;
use scangate::config::Secret;
use scangate::session::Ticket;
use serde_json::{Value, json};

use crate::support::{Code, Gateway, Request, Response, broker, nobody, now};

const SECRET: &str = "a secret for groups";

async fn does(gateway: &Gateway, method: &str, uid: u32) -> Response {
    let path = format!("/api/v1/groups/room:7/members/{uid}");
    gateway.tells(Request::new(method, &path)).await
}

async fn pushes(gateway: &Gateway, body: Value) -> Response {
    let path = "/api/v1/groups/room:7/push";
    gateway.tells(Request::post(path, body.to_string())).await
}

async fn members(gateway: &Gateway) -> Value {
    let path = "/api/v1/groups/room%3A7";
    let answer = gateway.tells(Request::get(path)).await.json();
    assert_eq!(answer["group"], "room:7");
    answer["members"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_to_a_group_reaches_its_members_at_every_node() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    let (one, two, kept, other) = (
        a.code().await,
        a.code().await,
        a.code().await,
        a.code().await,
    );
    let mut pages = [a.page().await, b.page().await, b.page().await];
    for (page, code) in pages.iter_mut().zip([&one, &two, &other]) {
        page.binds(code).await;
    }
    for code in [&one, &two, &kept, &one] {
        assert_eq!(does(&a, "PUT", code.uid).await.status, 204);
    }
    assert_eq!(members(&b).await, json!([one.uid, two.uid, kept.uid]));
    let body = json!({ "event": {"n": 1}, "push_id": "n1" });
    let tally =
        json!({ "push_id": "n1", "ok": 2, "queued": 1, "fail": 0, "unknown": 0, "gone": 0 });
    for node in [&b, &a] {
        let answer = pushes(node, body.clone()).await;
        assert_eq!((answer.status, answer.json()), (200, tally.clone()));
    }
    for (page, code) in pages.iter_mut().zip([&one, &two]) {
        page.hears(&code.event(r#""n":1"#)).await;
    }
    for page in &mut pages {
        page.hears_nothing().await;
    }

    assert_eq!(does(&b, "DELETE", two.uid).await.status, 204);
    does(&b, "DELETE", two.uid).await.error(404);
    assert_eq!(pushes(&a, json!({ "event": {} })).await.json()["ok"], 1);
    pages[0].hears(&one.event("").replace(",}", "}")).await;
    pages[1].hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_session_is_over_is_no_member_any_more() {
    let gateway = Gateway::start().await;
    let (one, two) = (gateway.code().await, gateway.code().await);
    for code in [&one, &two] {
        assert_eq!(does(&gateway, "PUT", code.uid).await.status, 204);
        let path = format!("/api/v1/sessions/{}", code.uid);
        gateway.tells(Request::new("DELETE", &path)).await;
    }
    does(&gateway, "PUT", one.uid).await.error(404);
    // The uid is somebody else's now.
    let body = format!(r#"{{"uid":{},"ticket":"another"}}"#, two.uid);
    let taken = Request::post("/api/v1/sessions", body);
    assert_eq!(gateway.tells(taken).await.status, 201);
    assert_eq!(
        pushes(&gateway, json!({ "event": {} })).await.json()["gone"],
        2
    );
    assert_eq!(members(&gateway).await, json!([]));
    assert_eq!(
        pushes(&gateway, json!({ "event": {} })).await.json()["gone"],
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_group_is_searched_for_sessions_that_are_over() {
    let (broker, _data) = broker().await;
    let gateway = Gateway::joins(&broker, "a", |_| {}).await;
    let inbox = nobody();
    let filler = Broker::Embedded(broker.join("b", inbox));
    let over = Ticket::new("of a session that is over").unwrap();
    let fill = async |many: u32| {
        for number in 0..many {
            let uid = (4_000_000_000 + number).to_string().parse().unwrap();
            filler.join_group("room:7", uid, &over).await.unwrap();
        }
    };
    let (one, two) = (gateway.code().await, gateway.code().await);
    fill(10_000).await;
    assert_eq!(does(&gateway, "PUT", one.uid).await.status, 204);
    assert_eq!(members(&gateway).await, json!([one.uid]));
    // Not at each join: only so often.
    fill(9_999).await;
    let refused = does(&gateway, "PUT", two.uid).await;
    assert_eq!(refused.error(409), "group_full");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_group_no_member_or_no_event_is_refused() {
    let gateway = Gateway::start().await;
    let answers = async |method, path: &str| {
        let path = format!("/api/v1/groups/{path}");
        gateway.tells(Request::new(method, &path)).await
    };
    for name in ["", "a%20b", "a%2Fb", "%", ".", &"x".repeat(65)] {
        answers("GET", name).await.error(404);
    }
    for path in ["a/", "a/b", "a/members", "a/push/", "a/members/1/2"] {
        let status = answers("GET", path).await.status;
        assert!([404, 405].contains(&status), "{path}: {status}");
    }
    answers("POST", "a").await.error(405);
    answers("GET", "a/push").await.error(405);
    answers("POST", "a/members/1").await.error(405);
    for uid in ["0", "x", "1"] {
        let path = format!("a/members/{uid}");
        answers("PUT", &path).await.error(404);
        answers("DELETE", &path).await.error(404);
    }
    for body in [
        json!({}),
        json!({ "event": {"uid": 1} }),
        json!({ "event": {}, "x": 1 }),
    ] {
        assert_eq!(pushes(&gateway, body).await.error(400), "bad_json");
    }
    let long = json!({ "event": {}, "push_id": "x".repeat(65) });
    assert_eq!(pushes(&gateway, long).await.error(400), "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_claim_in_the_bind_joins() {
    let gateway = Gateway::with(|config| config.groups.secret = Some(Secret::new(SECRET))).await;
    let code = gateway.code_with_key().await;
    let mut page = gateway.page().await;
    let bind = code.claims(code.uid, now() + 60, SECRET);
    page.says(&bind).await;
    page.hears(&bind).await;
    assert_eq!(members(&gateway).await, json!([code.uid]));
    assert_eq!(
        pushes(&gateway, json!({ "event": {"n": 1} })).await.json()["ok"],
        1
    );
    page.hears(&code.event(r#""n":1"#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_claim_joins_nothing_but_the_bind_stands() {
    let mut gateway =
        Gateway::with(|config| config.groups.secret = Some(Secret::new(SECRET))).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    let good = code.claims(code.uid, now() + 60, SECRET);
    let refused = async |page: &mut crate::support::Page, bind: &str| {
        page.says(bind).await;
        page.hears(bind).await;
        page.is_refused("join_refused").await;
    };
    for bind in [
        code.claims(code.uid, now() + 60, "another secret"),
        code.claims(code.uid + 1, now() + 60, SECRET),
        code.claims(code.uid, now() - 1, SECRET),
        good.replace(r#""join":""#, r#""join":"x"#),
    ] {
        // More often than refused binds are borne.
        for _ in 0..5 {
            refused(&mut page, &bind).await;
        }
    }
    // A bind that is refused joins nothing either.
    let stranger = Code::foreign(code.uid, "another");
    page.says(&stranger.claims(code.uid, now() + 60, SECRET))
        .await;
    page.is_refused("ticket_mismatch").await;
    gateway.reloads(|config| config.groups.secret = None).await;
    gateway
        .has(r#"scangate_joins_refused_total{code="join_refused"}"#, 20.0)
        .await;
    assert_eq!(members(&gateway).await, json!([]));
}
