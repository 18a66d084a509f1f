//! All pages are dropped at once, and all come back at once.

use std::time::Duration;

use crate::cluster::{Cluster, Manners};
use crate::figures::Figures;
use crate::support::{Habits, Heard, Manner, is_long, only_words, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(15);
/// Within this nearly everybody is bound again.
const BACK: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_are_dropped_and_back_at_once() {
    drops(1, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pages_are_dropped_again_and_again() {
    if is_long("500 pages are dropped five times") {
        drops(5, 500).await;
    }
}

async fn drops(rounds: usize, many: usize) {
    let mut cluster = Cluster::starts().await;
    let manners = Manners {
        ways: cluster
            .nodes
            .iter()
            .map(|node| vec![node.at.push])
            .collect(),
        publishers: vec![Manner::Careless],
        pace: Duration::from_secs(1),
        pages: Habits::default(),
    };
    let crowd = cluster.gathers(many, manners).await;
    for _ in 0..rounds {
        cluster.balancer.dies().await;
        cluster.balancer.returns().await;
        crowd.goes_on(SOON).await;
    }
    let told = crowd.heard_right(SOON).await;
    let away = Figures::of_absences(told.iter().map(|(_, heard)| heard));
    println!("{away}; {}", tally(&told));
    assert!(away.p99() < BACK, "{away}");
    for (said, Heard { binds, .. }) in &told {
        assert_eq!(*binds, rounds + 1, "each time once");
        only_words(said, &["ok", "queued"]);
    }
}
