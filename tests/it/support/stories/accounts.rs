//! Bonds and points at two nodes: each thing is done at one and asked for at the other.

use scangate::config::Config;
use serde_json::{Value, json};

use super::super::{Gateway, Phone, Request, Response};

/// Points by the handful, twice a day.
pub fn few_points(config: &mut Config) {
    config.points.per_scan = 5;
    config.points.per_day = 2;
}

/// Somebody scans a code of one node whose page is at the other; the result's members behind uid and
/// ticket.
async fn scans(
    code_from: &Gateway,
    page_at: &Gateway,
    phone: &Phone,
    what: (&str, &str),
) -> String {
    let code = code_from.code_about(what.0, what.1).await;
    let mut page = page_at.page().await;
    page.binds(&code).await;
    phone.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result = page.next().await;
    page.hears_nothing().await;
    let start = code.event("");
    let members = result.strip_prefix(start.trim_end_matches('}'));
    let members = members.unwrap_or_else(|| panic!("not about this code: {result}"));
    members.trim_end_matches('}').to_owned()
}

async fn asks(node: &Gateway, path: &str) -> Value {
    let answer = node.tells(Request::get(&format!("/api/v1/{path}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn ties(node: &Gateway, account: &str, openid: &str) -> Response {
    let path = format!("/api/v1/accounts/{account}/bond");
    let body = json!({"openid": openid}).to_string();
    node.tells(Request::put(&path, body)).await
}

async fn unties(node: &Gateway, account: &str) -> Response {
    let path = format!("/api/v1/accounts/{account}/bond");
    node.tells(Request::new("DELETE", &path)).await
}

fn refused(code: &str) -> String {
    format!(r#""cmd":"refused","code":"{code}""#)
}

/// Scans bind and unbind, and refuse what is somebody else's.
pub async fn scans_tie_and_untie(a: &Gateway, b: &Gateway) {
    let (ann, bob) = (Phone::of(b, "ann"), Phone::of(a, "bob"));
    let tied = scans(a, b, &ann, ("bind", "alice")).await;
    assert_eq!(tied, r#""cmd":"bind","account":"alice""#);
    let person = format!("people/{}", ann.openid);
    for node in [a, b] {
        assert_eq!(asks(node, "accounts/alice").await["openid"], ann.openid);
        assert_eq!(asks(node, &person).await["account"], "alice");
    }
    for (shows, phone, what, code) in [
        (b, &bob, ("bind", "alice"), "account_taken"),
        (b, &ann, ("bind", "bob"), "person_taken"),
        (a, &bob, ("unbind", "alice"), "not_bound"),
        (a, &ann, ("unbind", "bob"), "not_bound"),
    ] {
        let result = scans(shows, a, phone, what).await;
        assert_eq!(result, refused(code), "{what:?}");
    }
    let untied = scans(b, a, &ann, ("unbind", "alice")).await;
    assert_eq!(untied, r#""cmd":"unbind","account":"alice""#);
    for node in [a, b] {
        assert_eq!(asks(node, "accounts/alice").await["openid"], Value::Null);
        assert_eq!(asks(node, &person).await["account"], Value::Null);
    }
    // Both are free for others.
    for (phone, account) in [(&bob, "alice"), (&ann, "bob")] {
        let tied = scans(b, b, phone, ("bind", account)).await;
        assert_eq!(tied, format!(r#""cmd":"bind","account":"{account}""#));
    }
}

/// The backend binds and unbinds without a scan.
pub async fn the_backend_ties_and_unties(a: &Gateway, b: &Gateway) {
    let (ann, bob) = ("oAnn-1_2", "oBob");
    assert_eq!(unties(a, "alice").await.error(404), "not_bound");
    for node in [a, b] {
        let nobody = node.tells(Request::get(&format!("/api/v1/people/{ann}")));
        assert_eq!(nobody.await.error(404), "person_unknown");
    }
    assert_eq!(ties(a, "alice", ann).await.status, 204);
    assert_eq!(ties(b, "alice", ann).await.status, 204);
    assert_eq!(ties(b, "alice", bob).await.error(409), "account_taken");
    assert_eq!(ties(b, "bob", ann).await.error(409), "person_taken");
    assert_eq!(
        asks(b, &format!("people/{ann}")).await,
        json!({"openid": ann, "unionid": null, "account": "alice", "since": null, "has_token": false})
    );
    assert_eq!(unties(b, "alice").await.status, 204);
    assert_eq!(unties(a, "alice").await.error(404), "not_bound");
    assert_eq!(ties(a, "alice", bob).await.status, 204);
    assert_eq!(asks(b, "accounts/alice").await["openid"], bob);
}

/// Points: only for whose the account is, and so often a day; the nodes have [`few_points`].
pub async fn points_have_their_owner_and_their_day(a: &Gateway, b: &Gateway) {
    let (ann, bob) = (Phone::of(b, "ann"), Phone::of(a, "bob"));
    scans(a, b, &ann, ("bind", "alice")).await;
    let points = ("points", "alice");
    assert_eq!(scans(b, a, &bob, points).await, refused("not_yours"));
    for (shows, balance) in [(a, 5), (b, 10)] {
        let given = scans(shows, b, &ann, points).await;
        let members = format!(r#""cmd":"points","account":"alice","points":5,"balance":{balance}"#);
        assert_eq!(given, members);
    }
    for shows in [a, b] {
        let over = scans(shows, a, &Phone::of(a, "ann"), points).await;
        assert_eq!(over, refused("daily_limit"));
        assert_eq!(asks(shows, "accounts/alice/points").await["balance"], 10);
    }
    // Another account has its own day.
    let given = scans(b, a, &bob, ("points", "bob")).await;
    assert!(given.contains(r#""balance":5"#), "{given}");
}
