//! Confirmations at several nodes: the callback comes to one, the person to another, and one dies.

use std::time::Duration;

use serde_json::Value;

use crate::support::{
    APP_ID, APP_SECRET, Code, Gateway, Invitation, Page, Phone, Platform, Process, Request, Server,
    TOKEN, joins_with,
};

async fn joins(redis: &Server, platform: &Platform, seconds: u64) -> Gateway {
    joins_with(&redis.url(), |config| {
        platform.serves(config);
        config.confirm.actions = vec!["login".parse().unwrap()];
        config.confirm.life = Duration::from_secs(seconds);
    })
    .await
}

/// The same in a process of its own, which can be killed.
async fn dies_later(redis: &Server, platform: &Platform, seconds: u64) -> Process {
    let (seconds, api) = (seconds.to_string(), platform.url());
    Process::serves(&[
        ("SCANGATE_BROKER_URL", &redis.url()),
        ("SCANGATE_CONFIRM_ACTIONS", "login"),
        ("SCANGATE_CONFIRM_SECONDS", &seconds),
        ("SCANGATE_WECHAT_APP_ID", APP_ID),
        ("SCANGATE_WECHAT_APP_SECRET", APP_SECRET),
        ("SCANGATE_WECHAT_TOKEN", TOKEN),
        ("SCANGATE_WECHAT_API_URL", &api),
    ])
    .await
}

async fn shows(node: &Gateway) -> (Code, Page) {
    let code = node.qrcode("login").await;
    let mut page = node.page().await;
    page.binds(&code).await;
    (code, page)
}

/// The page hears a login, and this node verifies it: whose it is.
async fn logs_in(node: &Gateway, page: &mut Page) -> String {
    let event: Value = serde_json::from_str(&page.next().await).unwrap();
    let body = format!(r#"{{"token":{}}}"#, event["token"]);
    let verify = Request::post("/api/v1/login/verify", body);
    let who = node.tells(verify).await.json();
    who["openid"].as_str().expect("a person").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_person_and_page_may_each_meet_another_node() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let [a, b, c] = [
        joins(&redis, &platform, 120).await,
        joins(&redis, &platform, 120).await,
        joins(&redis, &platform, 120).await,
    ];
    for right in [true, false] {
        let (code, mut page) = shows(&a).await;
        let ann = Phone::of(&b, "ann");
        let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
        let path = format!("/api/v1/sessions/{}", code.uid);
        let state =
            async |node: &Gateway| node.tells(Request::get(&path)).await.json()["state"].clone();
        assert_eq!(state(&c).await, "confirming");
        if right {
            invitation.chosen_at(&c, &invitation.number).await;
            page.hears(&code.event(r#""cmd":"confirmed""#)).await;
            assert_eq!(logs_in(&b, &mut page).await, ann.openid);
            assert_eq!(state(&a).await, "done");
        } else {
            invitation.chosen_at(&c, "decline").await;
            page.hears(&code.event(r#""cmd":"declined""#)).await;
            assert_eq!(state(&a).await, "declined");
        }
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_callback_at_two_nodes_and_choices_at_both_make_one_decision() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let [a, b] = [
        joins(&redis, &platform, 120).await,
        joins(&redis, &platform, 120).await,
    ];
    for _ in 0..10 {
        let (code, mut page) = shows(&a).await;
        let (one, two) = (Phone::of(&a, "ann"), Phone::of(&b, "ann"));
        // Two scans, not one repeated: each is taken.
        let (first, second) = tokio::join!(one.scans(&code), two.scans(&code));
        let path = Invitation::path(&one, &first);
        assert_eq!(Invitation::path(&two, &second), path);
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        let number = Invitation::number(&code, &page.next().await);
        let invitation = Invitation { path, number };
        tokio::join!(
            invitation.chosen_at(&a, &invitation.number),
            invitation.chosen_at(&b, "decline"),
            invitation.chosen_at(&b, &invitation.number),
        );
        if page.next().await == code.event(r#""cmd":"confirmed""#) {
            assert_eq!(logs_in(&b, &mut page).await, one.openid);
        }
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_that_asked_may_die_and_another_takes_the_answer() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let a = dies_later(&redis, &platform, 120).await;
    let b = joins(&redis, &platform, 120).await;
    let (code, mut page) = shows(&b).await;
    let ann = Phone::at(a.public, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    a.signals("KILL").await;
    invitation.chosen_at(&b, &invitation.number).await;
    page.hears(&code.event(r#""cmd":"confirmed""#)).await;
    assert_eq!(logs_in(&b, &mut page).await, ann.openid);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_that_asked_may_die_and_another_ends_it_in_time() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let a = dies_later(&redis, &platform, 2).await;
    let b = joins(&redis, &platform, 2).await;
    let (code, mut page) = shows(&b).await;
    let ann = Phone::at(a.public, "ann");
    let invitation = Invitation::by_scan(&ann, &code, &mut page).await;
    a.signals("KILL").await;
    page.hears(&code.event(r#""cmd":"expired""#)).await;
    invitation.chosen_at(&b, &invitation.number).await;
    page.hears_nothing().await;
}
