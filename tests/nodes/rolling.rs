//! Each node in turn is told to go, and starts again: an update under full work.

use std::time::Duration;

use futures_util::future::join_all;

use crate::cluster::{Cluster, Manners, tells};
use crate::figures::Figures;
use crate::node::Node;
use crate::support::{
    Code, Habits, Heard, Manner, Reader, Reply, Server, becomes, is_long, only_words, tally,
};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// What a page waits after a goodbye, at most; and what a busy machine adds.
const AWAY: Duration = Duration::from_millis(2000 + 2000);

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_is_not_noticed() {
    restarts(1, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rolling_restarts_are_not_noticed() {
    if is_long("three nodes restart five times under 120 pages") {
        restarts(5, 120).await;
    }
}

async fn restarts(rounds: usize, many: usize) {
    let mut cluster = Cluster::starts().await;
    let manners = Manners {
        ways: vec![vec![cluster.push()]],
        publishers: vec![Manner::Insistent],
        pace: Duration::from_millis(50),
        pages: Habits::default(),
    };
    let crowd = cluster.gathers(many, manners).await;
    crowd.goes_on(SOON).await;
    for at in (0..rounds).flat_map(|_| 0..3) {
        restarts_once(&mut cluster, at).await;
        crowd.goes_on(SOON).await;
    }
    let told = crowd.heard_right(SOON).await;
    let away = Figures::of_absences(told.iter().map(|(_, heard)| heard));
    println!("{away}; {}", tally(&told));
    assert!(away.p99() < AWAY, "{away}");
    for (said, Heard { ends, .. }) in &told {
        assert!(!ends.is_empty(), "each was at a node that went");
        assert!(ends.iter().all(|&code| code == Some(1001)), "{ends:?}");
        only_words(said, &["ok", "queued", "cut"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_leaves_nothing_behind() {
    let redis = Server::start().await;
    let stays = Node::starts(&redis.url(), &[]).await;
    // All pages at the very last moment.
    let settings = [
        ("SCANGATE_DRAIN_DELAY_SECONDS", "0"),
        ("SCANGATE_DRAIN_SECONDS", "0"),
    ];
    for _ in 0..5 {
        let mut goes = Node::starts(&redis.url(), &settings).await;
        let codes = (0..30).map(|_| Code::registered(stays.at.ops, ""));
        let codes = join_all(codes).await;
        let pages = codes
            .iter()
            .map(|code| Reader::browses(goes.at.public, code.clone(), Habits::default()));
        let pages: Vec<_> = pages.collect();
        for page in &pages {
            page.is_bound(1, SOON).await;
        }
        assert_eq!(stays.knows().await, 2);
        goes.is_told_to_go().await;
        assert!(goes.is_gone().await.success());
        assert_eq!(stays.knows().await, 1);
        for Code { uid, .. } in codes {
            let key = format!("scangate:{{{uid}}}:s");
            let fields = redis.say(&["HKEYS", &key]).await;
            let mut fields = fields.list().iter().map(Reply::text);
            assert_eq!(fields.find(|name| name.starts_with("node:")), None);
            // The code's two minutes and the grace, not the half hour of a held one.
            let life = redis.say(&["PTTL", &key]).await.number();
            assert!(life <= 180_000, "{life} ms");
        }
    }
}

/// The node at this place is told to go, and starts again.
async fn restarts_once(cluster: &mut Cluster, at: usize) {
    let others = (at + 1) % cluster.nodes.len();
    cluster.counts(others, 3, SOON).await;
    let [down, up] = ["DOWN", "UP"].map(|word| tells(&cluster.balancer, at, word));
    let node = &mut cluster.nodes[at];
    node.is_told_to_go().await;
    let ready = async || node.tells("/readyz").await.status;
    becomes(SOON, "readiness", ready, |&status| status == 503).await;
    let there = node.metric("scangate_connections").await;
    assert!(there > 0.0, "nobody is sent away yet");
    down.await;
    assert!(node.is_gone().await.success());
    // It has said that it goes: nobody has to wait for its silence.
    assert_eq!(cluster.nodes[others].knows().await, 2);
    cluster.nodes[at].returns().await;
    up.await;
}
