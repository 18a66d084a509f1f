//! Events for many, across nodes: for a group, and for every page.

use std::time::Duration;

use scangate::config::Secret;
use serde_json::{Value, json};

use crate::support::{Gateway, Request, Server, becomes, joins, joins_with, now};

const SOON: Duration = Duration::from_secs(5);

async fn posts(node: &Gateway, path: &str, body: Value) -> Value {
    let request = Request::post(&format!("/api/v1/{path}"), body.to_string());
    let answer = node.tells(request).await;
    assert!(answer.status < 300, "{}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_one_across_nodes() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let mut pages = Vec::new();
    for number in 0..40 {
        let code = a.code().await;
        let mut page = [&a, &b][number % 2].page().await;
        page.binds(&code).await;
        let path = format!("/api/v1/groups/room/members/{}", code.uid);
        let joined = [&b, &a][number % 2].tells(Request::new("PUT", &path)).await;
        assert_eq!(joined.status, 204);
        pages.push((page, code));
    }
    let body = json!({ "event": {"n": 1}, "push_id": "once" });
    for node in [&a, &b] {
        let tally = posts(node, "groups/room/push", body.clone()).await;
        assert_eq!(tally["ok"], 40, "{tally}");
    }
    for (page, code) in &mut pages {
        page.hears(&code.event(r#""n":1"#)).await;
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_all_reaches_every_page_once() {
    let redis = Server::start().await;
    let [a, b, c] = [
        joins(&redis.url()).await,
        joins(&redis.url()).await,
        joins(&redis.url()).await,
    ];
    // The same code at every node, and one of each node's own.
    let shared = a.code().await;
    let mut pages = Vec::new();
    for node in [&a, &b, &c] {
        for code in [shared.clone(), node.code().await] {
            let mut page = node.page().await;
            page.binds(&code).await;
            pages.push((page, code));
        }
    }
    // Said again until every node has subscribed to its own channel; known by its push id.
    let body = json!({ "event": {"n": 1}, "all": true, "push_id": "once" });
    let say = async || posts(&c, "broadcast", body.clone()).await;
    becomes(SOON, "three nodes that hear", say, |told| {
        told["nodes"].as_array().unwrap().len() == 3 && told["silent"] == json!([])
    })
    .await;
    for (page, code) in &mut pages {
        page.hears(&code.event(r#""n":1"#)).await;
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_in_the_bind_at_one_node_joins_for_all() {
    let redis = Server::start().await;
    let secret = "a secret for groups";
    let join = async || {
        joins_with(&redis.url(), |config| {
            config.groups.secret = Some(Secret::new(secret));
        })
        .await
    };
    let [a, b] = [join().await, join().await];
    let code = a.code().await;
    let mut page = b.page().await;
    let bind = code.claims(code.uid, now() + 60, secret);
    page.says(&bind).await;
    page.hears(&bind).await;
    let body = json!({ "event": {"n": 1} });
    assert_eq!(posts(&a, "groups/room:7/push", body).await["ok"], 1);
    page.hears(&code.event(r#""n":1"#)).await;
}
