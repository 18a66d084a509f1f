//! Events on their way from one node to the pages of another.

use crate::support::{Code, Request, Server, a_page_moves, joins, joins_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_push_at_one_node_reaches_a_page_at_the_other() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let code = a.code().await;
    let mut page = b.page().await;
    page.binds(&code).await;
    let mut backend = a.backend().await;
    for n in 0..50 {
        assert_eq!(backend.say(&code.nth(n)).await, "ok");
    }
    for n in 0..50 {
        page.hears(&code.nth(n)).await;
    }
    assert_eq!(backend.ask(&code.nth(50)).await["nodes"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_in_one_breath_arrive_in_their_order() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let code = a.code().await;
    let mut page = b.page().await;
    page.binds_since(&code, "").await;
    let mut backend = a.backend().await;
    let lines: Vec<_> = (0..1000).map(|n| code.nth(n) + "\n").collect();
    backend.writes(&lines.concat()).await;
    for n in 0..1000 {
        assert_eq!(page.next_with_id().await.0, code.nth(n));
    }
    for _ in 0..1000 {
        assert_eq!(backend.reply().await, "ok");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_that_two_nodes_hold_is_served_at_both() {
    let redis = Server::start().await;
    let [a, b, c] = [
        joins(&redis.url()).await,
        joins(&redis.url()).await,
        joins(&redis.url()).await,
    ];
    let code = c.code().await;
    let mut pages = [a.page().await, a.page().await, b.page().await];
    for page in &mut pages {
        page.binds(&code).await;
    }
    let line = code.event(r#""reply":"verbose""#);
    let answer = c.tells(Request::post("/api/v1/push", line.clone())).await;
    assert_eq!(answer.json()["nodes"], 2);
    for page in &mut pages {
        page.hears(&line).await;
        page.hears_nothing().await;
    }

    let [one, two, other] = pages;
    one.leaves().await;
    two.leaves().await;
    let mut backend = c.backend().await;
    // What the pages at b hear tells how many nodes there are, in the end one.
    let mut n = 0;
    while backend.ask(&code.nth(n)).await["nodes"] != 1 {
        n += 1;
    }
    other.leaves().await;
    while backend.say(&code.nth(n)).await != "queued" {
        n += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_moves_to_the_other_node_misses_nothing() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    a_page_moves(&a, &b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pages_at_three_nodes_hear_their_own_and_nothing_else() {
    let redis = Server::start().await;
    let nodes = [
        joins(&redis.url()).await,
        joins(&redis.url()).await,
        joins(&redis.url()).await,
    ];
    let mut people = Vec::new();
    for n in 0..60 {
        let code = nodes[n % 3].code().await;
        let mut page = nodes[(n / 3) % 3].page().await;
        page.binds(&code).await;
        people.push((code, page));
    }
    let mut backends = Vec::new();
    for node in &nodes {
        backends.push(node.backend().await);
    }
    for round in 0..3 {
        for (n, (code, _)) in people.iter().enumerate() {
            let word = backends[(n + round) % 3].say(&code.nth(round)).await;
            assert_eq!(word, "ok");
        }
    }
    for (code, page) in &mut people {
        for round in 0..3 {
            page.hears(&code.nth(round)).await;
        }
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_id_counts_once_whatever_node_it_comes_to() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let code = a.code().await;
    let mut page = b.page().await;
    page.binds(&code).await;
    let mut backends = [a.backend().await, b.backend().await];
    for n in 0..30 {
        let line = code.event(&format!(r#""n":{n},"push_id":"p{n}""#));
        let [one, two] = &mut backends;
        let (one, two) = tokio::join!(one.ask(&line), two.ask(&line));
        assert_eq!(one["result"], "ok");
        assert_eq!(one["id"], two["id"]);
        assert_eq!(one["nodes"], two["nodes"]);
        let verbose = line.replace('}', r#","reply":"verbose"}"#);
        page.hears(&verbose).await;
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_installations_share_a_redis_and_nothing_else() {
    let redis = Server::start().await;
    let one = joins(&redis.url()).await;
    let two = joins_with(&redis.url(), |config| config.broker.prefix = "other".into()).await;
    let code = one.code().await;
    let theirs = Code::foreign(code.uid, "gQH4+/theirs");
    let body = format!(r#"{{"uid":{},"ticket":"{}"}}"#, theirs.uid, theirs.ticket);
    let made = two.tells(Request::post("/api/v1/sessions", body)).await;
    assert_eq!(made.status, 201, "{}", made.text());

    let mut page = one.page().await;
    page.binds(&code).await;
    let mut stranger = two.page().await;
    stranger.says(&code.text).await;
    stranger.is_refused("ticket_mismatch").await;
    stranger.binds(&theirs).await;

    let (mut ours, mut others) = (one.backend().await, two.backend().await);
    assert_eq!(others.say(&code.nth(0)).await, "fail");
    assert_eq!(others.ask(&theirs.nth(1)).await["nodes"], 1);
    assert_eq!(ours.ask(&code.nth(2)).await["nodes"], 1);
    page.hears(&code.event(r#""n":2,"reply":"verbose""#)).await;
    page.hears_nothing().await;
    stranger
        .hears(&theirs.event(r#""n":1,"reply":"verbose""#))
        .await;
    stranger.hears_nothing().await;

    for node in [&one, &two] {
        let nodes = node.tells(Request::get("/api/v1/nodes")).await.json();
        assert_eq!(nodes["nodes"].as_array().unwrap().len(), 1, "{nodes}");
    }
    let path = format!("/api/v1/sessions/{}", code.uid);
    assert_eq!(two.tells(Request::new("DELETE", &path)).await.status, 204);
    stranger.is_closed_with(4401).await;
    page.hears_nothing().await;
    assert_eq!(one.tells(Request::get(&path)).await.status, 200);
}
