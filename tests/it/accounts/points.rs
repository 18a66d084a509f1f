//! Scans that give points, and the backend that spends them.

use serde_json::json;

use super::{asks, posts, scans, waits};
use crate::support::{Gateway, Phone, Platform, broker};

const POINTS: &str = "/api/v1/accounts/alice/points";

async fn stage() -> (Platform, Gateway) {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.points.per_scan = 5;
        config.points.per_day = 3;
    })
    .await;
    (platform, gateway)
}

fn given(balance: u64) -> String {
    format!(r#""cmd":"points","account":"alice","points":5,"balance":{balance}"#)
}

const REFUSED: &str = r#""cmd":"refused","code":"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_gives_points_so_many_times_a_day() {
    let (_platform, gateway) = stage().await;
    for (scan, name) in [(1, "ann"), (2, "ann"), (3, "bob")] {
        let phone = Phone::of(&gateway, name);
        let (result, words) = scans(&gateway, &phone, "points", "alice").await;
        assert_eq!(result, given(5 * scan));
        assert!(words.contains(&(5 * scan).to_string()), "{words}");
    }
    let ann = Phone::of(&gateway, "ann");
    let (result, _) = scans(&gateway, &ann, "points", "alice").await;
    assert_eq!(result, format!(r#"{REFUSED}"daily_limit""#));
    assert_eq!(asks(&gateway, POINTS).await["balance"], 15);
    // Another account has its own day.
    let (result, _) = scans(&gateway, &ann, "points", "bob").await;
    assert!(result.contains(r#""balance":5"#), "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_bound_account_only_its_person_scans() {
    let (_platform, gateway) = stage().await;
    let (ann, bob) = (Phone::of(&gateway, "ann"), Phone::of(&gateway, "bob"));
    scans(&gateway, &ann, "bind", "alice").await;
    let (result, _) = scans(&gateway, &bob, "points", "alice").await;
    assert_eq!(result, format!(r#"{REFUSED}"not_yours""#));
    let (result, _) = scans(&gateway, &ann, "points", "alice").await;
    assert_eq!(result, given(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_counts_once_however_often_and_wherever_wechat_tells_of_it() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let b = Gateway::joins(&broker, "b", |config| platform.serves(config)).await;
    for round in 1..=10 {
        let (code, mut page) = waits(&a, "points", "alice").await;
        let (one, two) = (Phone::of(&a, "ann"), Phone::of(&b, "ann"));
        // One callback at both nodes, and the person holds the phone up a second time.
        let scan = one.scan(code.uid, &code.ticket);
        let again = one.scan(code.uid, &code.ticket);
        tokio::join!(one.sends(&scan), two.sends(&scan), two.sends(&again));
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let members = format!(r#""cmd":"points","account":"alice","points":1,"balance":{round}"#);
        page.hears(&code.event(&members)).await;
        page.hears_nothing().await;
    }
    assert_eq!(
        asks(&b, POINTS).await,
        json!({"account": "alice", "balance": 10})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_gives_and_takes_each_once() {
    let (_platform, gateway) = stage().await;
    assert_eq!(asks(&gateway, POINTS).await["balance"], 0);
    let change = async |id: &str, change: i64| {
        let body = json!({"id": id, "change": change}).to_string();
        posts(&gateway, POINTS, &body).await
    };
    for _ in 0..2 {
        let gift = change("gift-1", 100).await;
        assert_eq!(gift.json(), json!({"account": "alice", "balance": 100}));
        assert_eq!(gift.status, 200);
    }
    assert_eq!(change("order-1", -30).await.json()["balance"], 70);
    assert_eq!(
        change("gift-1", 100).await.json()["balance"],
        100,
        "as then"
    );
    assert_eq!(change("order-1", -31).await.error(409), "id_taken");
    assert_eq!(change("order-2", -71).await.error(409), "not_enough");
    assert_eq!(change("gift-2", i64::MAX).await.error(409), "too_many");
    // A refusal takes no id.
    assert_eq!(change("order-2", -70).await.json()["balance"], 0);
    for body in [
        "",
        "{}",
        r#"{"id":"","change":1}"#,
        r#"{"id":"a","change":0}"#,
        r#"{"id":"a","change":1.5}"#,
        r#"{"id":"a","change":"1"}"#,
        r#"{"id":"a","change":9223372036854775808}"#,
        r#"{"id":"a","change":1,"more":1}"#,
        &json!({"id": "x".repeat(65), "change": 1}).to_string(),
    ] {
        posts(&gateway, POINTS, body).await.error(400);
    }
    assert_eq!(asks(&gateway, POINTS).await["balance"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_spent_twice_at_two_nodes() {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", |_| {}).await;
    let b = Gateway::joins(&broker, "b", |_| {}).await;
    posts(&a, POINTS, r#"{"id":"gift","change":5}"#).await;
    for order in 0..10 {
        let body = json!({"id": format!("order-{order}"), "change": -1}).to_string();
        let (one, two) = tokio::join!(posts(&a, POINTS, &body), posts(&b, POINTS, &body));
        assert_eq!((one.status, one.text()), (two.status, two.text()));
        assert_eq!(one.status, if order < 5 { 200 } else { 409 }, "{order}");
    }
    assert_eq!(asks(&b, POINTS).await["balance"], 0);
}
