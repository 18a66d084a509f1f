//! A node dies without a word.

use std::net::SocketAddr;
use std::time::Duration;

use crate::cluster::{Cluster, Manners, tells};
use crate::figures::Figures;
use crate::support::{Crowd, Habits, Heard, Manner, Said, is_long, only_words, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// Within this the pages of a dead node are back.
const BACK: Duration = Duration::from_secs(6);
/// Within this a dead node is none any more.
const GONE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_node_that_crashes_are_back_at_once() {
    let mut cluster = Cluster::starts().await;
    // Whoever knows where to push is not touched by what happens elsewhere.
    let straight = vec![cluster.nodes[1].at.push, cluster.nodes[2].at.push];
    let ways = vec![vec![cluster.push()], straight];
    let crowd = cluster.gathers(30, manners(ways)).await;
    crowd.goes_on(SOON).await;
    crashes(&mut cluster, &crowd, 0).await;
    let told = ends_well(crowd).await;
    for (said, _) in told.iter().skip(1).step_by(2) {
        only_words(said, &["ok", "queued"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_crashes_after_the_other() {
    if !is_long("nodes crash nine times under 120 pages") {
        return;
    }
    let mut cluster = Cluster::starts().await;
    let ways = vec![vec![cluster.push()]];
    let crowd = cluster.gathers(120, manners(ways)).await;
    crowd.goes_on(SOON).await;
    for victim in (0..9).map(|number| number % 3) {
        crashes(&mut cluster, &crowd, victim).await;
        let up = tells(&cluster.balancer, victim, "UP");
        cluster.nodes[victim].returns().await;
        up.await;
    }
    ends_well(crowd).await;
}

fn manners(ways: Vec<Vec<SocketAddr>>) -> Manners {
    Manners {
        ways,
        publishers: vec![Manner::Careless, Manner::Insistent],
        pace: Duration::from_millis(50),
        pages: Habits::default(),
    }
}

/// The node at this place dies; its pages go on elsewhere, and the others know that it is no more.
async fn crashes(cluster: &mut Cluster, crowd: &Crowd, victim: usize) {
    let before = crowd.ends();
    let there = cluster.nodes[victim].metric("scangate_connections").await;
    assert!(there > 0.0, "nobody is at the node that dies");
    cluster.nodes[victim].dies().await;
    let back = crowd.goes_on(SOON).await;
    let cut = crowd.ends() - before;
    assert_eq!(cut as f64, there, "its pages, and no others");
    let witness = (victim + 1) % cluster.nodes.len();
    let gone = back + cluster.counts(witness, 2, GONE - back).await;
    println!("all pages hear again after {back:.1?}, the node is gone after {gone:.1?}");
}

/// Everybody has heard everything, and nobody was away for long.
async fn ends_well(crowd: Crowd) -> Vec<(Vec<Said>, Heard)> {
    let told = crowd.heard_right(SOON).await;
    let away = Figures::of_absences(told.iter().map(|(_, heard)| heard));
    println!("{away}; {}", tally(&told));
    assert!(away.p99() < BACK, "{away}");
    for (said, Heard { ends, .. }) in &told {
        assert!(ends.iter().all(Option::is_none), "cut, not sent: {ends:?}");
        only_words(said, &["ok", "queued", "cut"]);
    }
    told
}
