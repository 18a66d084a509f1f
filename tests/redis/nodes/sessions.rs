//! Sessions that one node makes, another ends and a third is asked about; scans; the nodes
//! themselves.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::support::{
    Gateway, Phone, Platform, Reply, Request, Server, becomes, converse, joins, joins_with,
};

const SOON: Duration = Duration::from_secs(5);

async fn three(redis: &Server) -> [Gateway; 3] {
    let url = redis.url();
    [joins(&url).await, joins(&url).await, joins(&url).await]
}

/// The names of the nodes and their connections, as a node tells them.
async fn nodes(node: &Gateway) -> Vec<(String, u64)> {
    let answer = node.tells(Request::get("/api/v1/nodes")).await.json();
    let told = answer["nodes"].as_array().unwrap().iter();
    told.map(|node| {
        let name = node["name"].as_str().unwrap().to_owned();
        (name, node["connections"].as_u64().unwrap())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_crashed_long_ago_is_taken_off_the_list() {
    let redis = Server::start().await;
    let now = UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let recent = (now - 60_000).to_string() + " 3 recent";
    let list = "scangate:nodes";
    let told = ["HSET", list, "old", "1 3 old", "recent", &recent];
    redis.say(&told).await;
    let node = joins(&redis.url()).await;
    let names = async || redis.say(&["HKEYS", list]).await.list().to_vec();
    becomes(SOON, "the list without the old", names, |names| {
        names.len() == 2 && !names.contains(&Reply::Text("old".into()))
    })
    .await;
    assert_eq!(nodes(&node).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_at_one_node_ends_at_all() {
    let redis = Server::start().await;
    let [a, b, c] = three(&redis).await;
    let code = a.code().await;
    let mut pages = [a.page().await, b.page().await];
    for page in &mut pages {
        page.binds(&code).await;
    }
    let path = format!("/api/v1/sessions/{}", code.uid);
    assert_eq!(c.tells(Request::new("DELETE", &path)).await.status, 204);
    for page in &mut pages {
        page.is_closed_with(4401).await;
    }
    assert_eq!(a.tells(Request::get(&path)).await.status, 404);
    assert_eq!(b.tells(Request::new("DELETE", &path)).await.status, 404);
    let mut page = b.page().await;
    page.says(&code.text).await;
    page.is_refused("uid_unknown").await;
    assert_eq!(c.backend().await.say(&code.nth(0)).await, "fail");
}

/// The release may reach Redis before the end of the subscription does, by another connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_lingers_keeps_no_session() {
    let redis = Server::start().await;
    let node = joins(&redis.url()).await;
    let code = node.code().await;
    let [record, channel] = ["s", "c"].map(|kind| format!("scangate:{{{}}}:{kind}", code.uid));
    let mut page = node.page().await;
    page.binds(&code).await;
    let lingers = converse(redis.address(), &["SSUBSCRIBE", &channel]).await;
    let life = async || redis.say(&["PTTL", &record]).await.number();
    let grace = 200_000;
    assert!(life().await > grace, "it is held");
    page.leaves().await;
    becomes(SOON, "its life in ms", life, |life| *life < grace).await;
    drop(lingers);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_outlives_a_session_that_is_ended_elsewhere() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    for _ in 0..100 {
        let code = a.code().await;
        let mut page = b.page().await;
        let path = format!("/api/v1/sessions/{}", code.uid);
        let end = Request::new("DELETE", &path);
        tokio::join!(a.tells(end), page.says(&code.text));
        if page.next().await == code.text {
            page.is_closed_with(4401).await;
        } else {
            page.hears_nothing().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_tells_who_holds_a_session() {
    let redis = Server::start().await;
    let [a, b, c] = three(&redis).await;
    let code = a.code().await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    let shown = async || c.tells(Request::get(&path)).await.json();
    let held = async || shown().await["nodes"].as_array().unwrap().len();
    assert_eq!(shown().await["online"], false);
    let (mut one, mut two) = (a.page().await, b.page().await);
    one.binds(&code).await;
    becomes(SOON, "holders", &held, |&held| held == 1).await;
    two.binds(&code).await;
    becomes(SOON, "holders", &held, |&held| held == 2).await;
    assert_eq!(shown().await["online"], true);
    one.leaves().await;
    two.leaves().await;
    becomes(SOON, "holders", &held, |&held| held == 0).await;
    assert_eq!(shown().await["online"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_node_knows_the_others_and_their_connections() {
    let redis = Server::start().await;
    let [a, b, mut c] = three(&redis).await;
    becomes(
        SOON,
        "nodes",
        async || nodes(&a).await,
        |nodes| nodes.len() == 3,
    )
    .await;
    let _pages = [b.page().await, b.page().await];
    // Told every few seconds.
    becomes(
        2 * SOON,
        "connections",
        async || nodes(&a).await,
        |nodes| {
            let mut connections: Vec<_> = nodes.iter().map(|node| node.1).collect();
            connections.sort_unstable();
            connections == [0, 0, 2]
        },
    )
    .await;
    c.is_told_to_go();
    c.is_gone().await;
    becomes(
        SOON,
        "nodes",
        async || nodes(&b).await,
        |nodes| nodes.len() == 2,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_page_and_callback_may_each_meet_another_node() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    let [a, b, c] = [join().await, join().await, join().await];
    let code = a.qrcode("login").await;
    let mut page = b.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&c, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    ann.sends(&scan).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result: Value = serde_json::from_str(&page.next().await).unwrap();

    // The platform sends it again, and the balancer brings it to the other nodes.
    for node in [&a, &b, &c] {
        let again = Phone::of(node, "ann").sends(&scan).await;
        assert_eq!((again.status, again.text()), (200, "success"));
    }
    // Another person comes too late.
    let bob = Phone::of(&b, "bob");
    let answer = bob.scans(&code).await;
    assert!(bob.reads(&answer).is_some());
    page.hears_nothing().await;

    let body = format!(r#"{{"token":{}}}"#, result["token"]);
    let verify = Request::post("/api/v1/login/verify", body);
    let (one, two) = tokio::join!(b.tells(verify.clone()), c.tells(verify));
    let statuses = [one.status, two.status];
    assert!(
        statuses == [200, 410] || statuses == [410, 200],
        "{statuses:?}"
    );
    let known = if one.status == 200 { one } else { two };
    assert_eq!(known.json()["openid"], ann.openid);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_callback_at_two_nodes_at_once_is_one_scan() {
    let platform = Platform::start().await;
    let redis = Server::start().await;
    let url = redis.url();
    let join = async || joins_with(&url, |config| platform.serves(config)).await;
    let [a, b] = [join().await, join().await];
    for _ in 0..10 {
        let code = a.qrcode("token").await;
        let mut page = b.page().await;
        page.binds(&code).await;
        let (one, two) = (Phone::of(&a, "ann"), Phone::of(&b, "ann"));
        let scan = one.scan(code.uid, &code.ticket);
        tokio::join!(one.sends(&scan), two.sends(&scan));
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        page.next().await;
        page.hears_nothing().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_tells_of_many_sessions_of_others() {
    let redis = Server::start().await;
    let [a, b, c] = three(&redis).await;
    let mut codes = Vec::new();
    for _ in 0..100 {
        codes.push(a.code().await);
    }
    let mut page = b.page().await;
    page.binds(&codes[70]).await;
    let mut uids: Vec<_> = codes.iter().map(|code| code.uid).collect();
    uids.push(1);
    let body = serde_json::json!({ "uids": uids }).to_string();
    let query = Request::post("/api/v1/sessions/query", body);
    let ask = async || c.tells(query.clone()).await.json();
    becomes(SOON, "the holder", ask, |told| {
        told["sessions"][70]["online"] == true
    })
    .await;
    let told = ask().await;
    assert_eq!(told["unknown"], serde_json::json!([1]));
    let sessions = told["sessions"].as_array().unwrap();
    let order: Vec<_> = sessions.iter().map(|shown| shown["uid"].as_u64()).collect();
    let expected: Vec<_> = codes.iter().map(|code| Some(u64::from(code.uid))).collect();
    assert_eq!(order, expected);
    let online = sessions.iter().filter(|shown| shown["online"] == true);
    assert_eq!(online.count(), 1);
}
