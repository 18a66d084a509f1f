//! What the backend asks of accounts and persons, and does with bonds.

use serde_json::json;
use tempfile::TempDir;

use super::{asks, posts, scans};
use crate::support::{Gateway, Phone, Platform, Request, Response, eventually};

async fn stage() -> (Platform, Gateway) {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    (platform, gateway)
}

async fn ties(gateway: &Gateway, account: &str, openid: &str) -> Response {
    let path = format!("/api/v1/accounts/{account}/bond");
    let body = json!({"openid": openid}).to_string();
    gateway.tells(Request::put(&path, body)).await
}

async fn unties(gateway: &Gateway, account: &str) -> Response {
    let path = format!("/api/v1/accounts/{account}/bond");
    gateway.tells(Request::new("DELETE", &path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn account_and_person_tell_of_each_other() {
    let (_platform, gateway) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let path = format!("/api/v1/people/{}", ann.openid);
    let nobody = gateway.tells(Request::get(&path)).await;
    assert_eq!(nobody.error(404), "person_unknown");

    scans(&gateway, &ann, "bind", "alice").await;
    // The platform is asked for it after the scan.
    let unionid = format!("union-{}", ann.openid);
    eventually("the unionid", json!(unionid), async || {
        asks(&gateway, &path).await["unionid"].clone()
    })
    .await;
    let person = asks(&gateway, &path).await;
    assert!(person["since"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(person["openid"], ann.openid);
    assert_eq!(person["account"], "alice");
    assert_eq!(person["has_token"], false);
    assert_eq!(
        asks(&gateway, "/api/v1/accounts/alice").await,
        json!({"account": "alice", "openid": ann.openid, "unionid": unionid, "points": 0})
    );

    let code = gateway.qrcode("token").await;
    ann.scans(&code).await;
    assert_eq!(asks(&gateway, &path).await["has_token"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_binds_and_unbinds_without_a_scan() {
    let gateway = Gateway::start().await;
    let (ann, bob) = ("oAnn-1_2", "oBob");
    assert_eq!(unties(&gateway, "alice").await.error(404), "not_bound");
    for _ in 0..2 {
        assert_eq!(ties(&gateway, "alice", ann).await.status, 204);
    }
    let taken = ties(&gateway, "alice", bob).await;
    assert_eq!(taken.error(409), "account_taken");
    let taken = ties(&gateway, "bob", ann).await;
    assert_eq!(taken.error(409), "person_taken");
    let person = asks(&gateway, "/api/v1/people/oAnn-1_2").await;
    assert_eq!(
        person,
        json!({"openid": ann, "unionid": null, "account": "alice", "since": null, "has_token": false})
    );
    assert_eq!(unties(&gateway, "alice").await.status, 204);
    assert_eq!(unties(&gateway, "alice").await.error(404), "not_bound");
    assert_eq!(ties(&gateway, "alice", bob).await.status, 204);
    assert_eq!(ties(&gateway, "bob", ann).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_may_be_any_text() {
    let gateway = Gateway::start().await;
    for (number, (segment, name)) in [
        ("a%2Fb", "a/b".to_owned()),
        ("a+b%20c", "a+b c".to_owned()),
        ("%E5%BC%A0%E4%B8%89", "张三".to_owned()),
        ("%7B1%7D", "{1}".to_owned()),
        ("%2525", "%25".to_owned()),
        (&"x".repeat(128), "x".repeat(128)),
    ]
    .into_iter()
    .enumerate()
    {
        let openid = format!("o{number}");
        assert_eq!(ties(&gateway, segment, &openid).await.status, 204);
        let account = asks(&gateway, &format!("/api/v1/accounts/{segment}")).await;
        assert_eq!(account["account"], name);
        assert_eq!(account["openid"], openid);
        let person = asks(&gateway, &format!("/api/v1/people/{openid}")).await;
        assert_eq!(person["account"], name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let gateway = Gateway::start().await;
    let long = "x".repeat(129);
    for segment in ["", "%", "%zz", "%FF", "%00", "a%0Ab", &long] {
        let path = format!("/api/v1/accounts/{segment}");
        gateway.tells(Request::get(&path)).await.error(400);
    }
    for openid in ["", "o%20x", "o/x", "%FF", &long] {
        let path = format!("/api/v1/people/{openid}");
        gateway.tells(Request::get(&path)).await.error(400);
        if openid != "%FF" {
            let openid = openid.replace("%20", " ");
            ties(&gateway, "alice", &openid).await.error(400);
        }
    }
    for (method, path, status) in [
        ("POST", "accounts/alice", 405),
        ("GET", "accounts/alice/bond", 405),
        ("DELETE", "accounts/alice/points", 405),
        ("GET", "accounts/alice/friends", 404),
        ("GET", "accounts/alice/bond/more", 404),
        ("POST", "people/o1", 405),
        ("GET", "accounts", 404),
    ] {
        let path = format!("/api/v1/{path}");
        gateway
            .tells(Request::new(method, &path))
            .await
            .error(status);
    }
    let path = "/api/v1/accounts/alice/bond";
    for body in ["", "{}", r#"{"openid":1}"#, r#"{"openid":"o","more":1}"#] {
        gateway.tells(Request::put(path, body)).await.error(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bonds_and_points_outlive_a_restart() {
    let data = TempDir::new().unwrap();
    let start = async || Gateway::with(|config| config.data.dir = data.path().to_owned()).await;
    let mut gateway = start().await;
    assert_eq!(ties(&gateway, "alice", "oAnn").await.status, 204);
    let gift = r#"{"id":"gift","change":7}"#;
    posts(&gateway, "/api/v1/accounts/alice/points", gift).await;
    gateway.is_told_to_go();
    gateway.is_gone().await;
    drop(gateway);

    let gateway = start().await;
    let again = posts(&gateway, "/api/v1/accounts/alice/points", gift).await;
    assert_eq!(again.json()["balance"], 7);
    assert_eq!(
        asks(&gateway, "/api/v1/accounts/alice").await,
        json!({"account": "alice", "openid": "oAnn", "unionid": null, "points": 7})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_about_an_account_names_one_and_says_so() {
    let (_platform, gateway) = stage().await;
    for action in ["bind", "unbind", "points"] {
        let code = gateway.code_about(action, "张三").await;
        let path = format!("/api/v1/sessions/{}", code.uid);
        let session = asks(&gateway, &path).await;
        assert_eq!(session["action"], action);
        assert_eq!(session["account"], "张三");
        // A page cannot ask for one.
        let path = format!("/qrcode?action={action}&account=alice");
        let refused = gateway.answers(Request::get(&path)).await;
        assert_eq!(refused.error(400), "unknown_action");
    }
    for body in [
        r#"{"action":"bind"}"#,
        r#"{"action":"bind","account":""}"#,
        r#"{"action":"points","account":"a\nb"}"#,
        r#"{"action":"token","account":"alice"}"#,
        r#"{"action":"login","account":"alice"}"#,
        r#"{"uid":1,"ticket":"gQ","account":"alice"}"#,
    ] {
        posts(&gateway, "/api/v1/sessions", body).await.error(400);
    }
}
