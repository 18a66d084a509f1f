//! `scangate-sandbox cluster`: a whole installation at a word, and gone at another.

use std::net::SocketAddr;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::support::{Code, Page, Program, Request, Websocket, Wire, eventually};

/// The address in a line such as `metrics  http://127.0.0.1:9129/metrics`.
fn address(line: &str) -> SocketAddr {
    let words = line.split([' ', '/']);
    let mut addresses = words.filter_map(|word| word.parse().ok());
    addresses
        .next()
        .unwrap_or_else(|| panic!("no address in {line}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_begins_works_and_ends() {
    let mut cluster = Program::sandbox(&[
        "cluster",
        "--listen",
        "127.0.0.1:0",
        "--page-listen",
        "127.0.0.1:0",
    ]);
    let mut places = Vec::new();
    for place in ["the page, through HAProxy", "the phone", "redis  "] {
        places.push(address(&cluster.prints(place).await));
    }
    let [haproxy, sandbox, redis] = places[..] else {
        unreachable!("three were asked for")
    };
    cluster.prints("Ctrl-C ends all").await;
    let said = cluster.said();
    let metrics: Vec<SocketAddr> = said
        .lines()
        .filter(|line| line.contains("/metrics"))
        .map(address)
        .collect();
    assert_eq!(metrics.len(), 3, "{said}");

    // Of each node one; the code comes from any.
    let reply = Request::get("/qrcode").to(haproxy).await;
    let code = Code::from_reply(reply.text());
    let mut pages = Vec::new();
    for _ in &metrics {
        let wire = Wire::connect(haproxy).await;
        let mut page = Page::behind(Websocket::open(wire, "/ws").await);
        page.binds(&code).await;
        pages.push(page);
    }
    let order = json!({"ticket": code.ticket, "person": "mei"}).to_string();
    let scan = Request::post("/sandbox/scan", order).to(sandbox).await;
    assert_eq!(scan.status, 200, "{}", scan.text());
    for page in &mut pages {
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        assert!(page.next().await.contains(r#""token":"#));
    }
    for ops in &metrics {
        let text = Request::get("/metrics").to(*ops).await;
        assert!(text.text().contains("\nscangate_connections 1\n"));
    }

    cluster.signals("TERM").await;
    for page in &mut pages {
        page.is_closed_with(1001).await;
    }
    assert!(cluster.ends().await.success(), "{}", cluster.said());
    for gone in [haproxy, sandbox, redis].iter().chain(&metrics) {
        assert!(TcpStream::connect(gone).await.is_err(), "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_starts_again_and_redis_has_kept_everything() {
    let words =
        "cluster --nodes 1 --restart-after 0 --listen 127.0.0.1:0 --page-listen 127.0.0.1:0";
    let words: Vec<_> = words.split(' ').collect();
    let mut cluster = Program::sandbox(&words);
    let haproxy = address(&cluster.prints("the page, through HAProxy").await);
    let redis = cluster.prints("redis, process").await;
    let node = cluster.prints("node1, process").await;
    let ops = address(&cluster.prints("/metrics").await);
    cluster.prints("Ctrl-C ends all").await;
    let reply = Request::get("/qrcode").to(haproxy).await;
    let code = Code::from_reply(reply.text());

    kills(&redis).await;
    cluster.prints("redis starts again").await;
    kills(&node).await;
    cluster.prints("node1 starts again").await;
    let path = format!("/api/v1/sessions/{}", code.uid);
    eventually("a node that listens", true, async || {
        TcpStream::connect(ops).await.is_ok()
    })
    .await;
    eventually("the code of before", 200, async || {
        Request::get(&path).to(ops).await.status
    })
    .await;
    cluster.signals("TERM").await;
    assert!(cluster.ends().await.success(), "{}", cluster.said());
}

/// Kills the process of a line such as `redis, process 4711`.
async fn kills(line: &str) {
    let id = line.rsplit(' ').next().unwrap();
    let kill = Command::new("kill").args(["-9", id]).status().await;
    assert!(kill.unwrap().success(), "{line}");
}
