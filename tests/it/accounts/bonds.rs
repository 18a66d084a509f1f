//! Scans that bind and unbind.

use serde_json::{Value, json};

use super::{asks, scans, waits};
use crate::support::{Gateway, Phone, Platform, Request, broker};

async fn stage() -> (Platform, Gateway) {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| platform.serves(config)).await;
    (platform, gateway)
}

const TIED: &str = r#""cmd":"bind","account":"alice""#;
const UNTIED: &str = r#""cmd":"unbind","account":"alice""#;

fn refused(code: &str) -> String {
    format!(r#""cmd":"refused","code":"{code}""#)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_ties_a_person_to_an_account_and_another_unties_them() {
    let (_platform, gateway) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    let (result, words) = scans(&gateway, &ann, "bind", "alice").await;
    assert_eq!(result, TIED);
    assert!(words.contains("alice"), "{words}");
    let account = asks(&gateway, "/api/v1/accounts/alice").await;
    assert_eq!(account["openid"], ann.openid);

    let (result, words) = scans(&gateway, &ann, "unbind", "alice").await;
    assert_eq!(result, UNTIED);
    assert!(words.contains("alice"), "{words}");
    let account = asks(&gateway, "/api/v1/accounts/alice").await;
    assert_eq!(
        account,
        json!({"account": "alice", "openid": null, "unionid": null, "points": 0})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_account_may_bind_it_again() {
    let (_platform, gateway) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    for _ in 0..2 {
        assert_eq!(scans(&gateway, &ann, "bind", "alice").await.0, TIED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_one_person_and_a_person_one_account() {
    let (_platform, gateway) = stage().await;
    let (ann, bob) = (Phone::of(&gateway, "ann"), Phone::of(&gateway, "bob"));
    assert_eq!(scans(&gateway, &ann, "bind", "alice").await.0, TIED);
    let (result, words) = scans(&gateway, &bob, "bind", "alice").await;
    assert_eq!(result, refused("account_taken"));
    assert!(!words.contains("alice"), "{words}");
    let (result, _) = scans(&gateway, &ann, "bind", "bob").await;
    assert_eq!(result, refused("person_taken"));
    let counted = r#"scangate_actions_total{action="bind",result="#;
    gateway.has(&format!(r#"{counted}"done"}}"#), 1.0).await;
    gateway.has(&format!(r#"{counted}"refused"}}"#), 2.0).await;
    // Neither refusal has left a trace.
    let (result, _) = scans(&gateway, &bob, "bind", "bob").await;
    assert_eq!(result, r#""cmd":"bind","account":"bob""#);
    let account = asks(&gateway, "/api/v1/accounts/alice").await;
    assert_eq!(account["openid"], ann.openid);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_the_account_can_give_it_up() {
    let (_platform, gateway) = stage().await;
    let (ann, bob) = (Phone::of(&gateway, "ann"), Phone::of(&gateway, "bob"));
    let none = refused("not_bound");
    assert_eq!(scans(&gateway, &ann, "unbind", "alice").await.0, none);
    scans(&gateway, &ann, "bind", "alice").await;
    assert_eq!(scans(&gateway, &bob, "unbind", "alice").await.0, none);
    assert_eq!(scans(&gateway, &ann, "unbind", "bob").await.0, none);
    assert_eq!(scans(&gateway, &ann, "unbind", "alice").await.0, UNTIED);
    assert_eq!(scans(&gateway, &ann, "unbind", "alice").await.0, none);
    // What was given up is free for others.
    assert_eq!(scans(&gateway, &bob, "bind", "alice").await.0, TIED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bind_is_done_once_however_often_wechat_tells_of_it() {
    let (_platform, gateway) = stage().await;
    for round in 0..10 {
        let name = format!("a{round}");
        let (code, mut page) = waits(&gateway, "bind", &name).await;
        let ann = Phone::of(&gateway, &name);
        let scan = ann.scan(code.uid, &code.ticket);
        tokio::join!(ann.sends(&scan), ann.sends(&scan), ann.sends(&scan));
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let members = format!(r#""cmd":"bind","account":"{name}""#);
        page.hears(&code.event(&members)).await;
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_persons_at_two_nodes_at_once_one_gets_the_account() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let b = Gateway::joins(&broker, "b", |config| platform.serves(config)).await;
    for round in 0..10 {
        let account = format!("alice{round}");
        let (one, mut one_page) = waits(&a, "bind", &account).await;
        let (two, mut two_page) = waits(&b, "bind", &account).await;
        let ann = Phone::of(&b, &format!("a{round}"));
        let bob = Phone::of(&a, &format!("b{round}"));
        tokio::join!(ann.scans(&one), bob.scans(&two));
        one_page.hears(&one.event(r#""cmd":"scan""#)).await;
        two_page.hears(&two.event(r#""cmd":"scan""#)).await;
        let heard = [one_page.next().await, two_page.next().await];
        let won = heard.iter().filter(|text| text.contains(r#""cmd":"bind""#));
        let lost = heard.iter().filter(|text| text.contains("account_taken"));
        assert_eq!((won.count(), lost.count()), (1, 1), "{heard:?}");
        let winner = if heard[0].contains("account_taken") {
            &bob
        } else {
            &ann
        };
        let path = format!("/api/v1/accounts/{account}");
        assert_eq!(asks(&a, &path).await["openid"], winner.openid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_tells_the_account_too() {
    let (_platform, gateway) = stage().await;
    let ann = Phone::of(&gateway, "ann");
    scans(&gateway, &ann, "bind", "alice").await;
    for (name, account) in [("ann", json!("alice")), ("bob", json!(null))] {
        let code = gateway.qrcode("login").await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        Phone::of(&gateway, name).scans(&code).await;
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let login: Value = serde_json::from_str(&page.next().await).unwrap();
        let body = json!({"token": login["token"]}).to_string();
        let verify = Request::post("/api/v1/login/verify", body);
        let told = gateway.tells(verify).await.json();
        assert_eq!(told["account"], account, "{told}");
    }
}
