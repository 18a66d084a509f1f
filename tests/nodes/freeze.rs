//! A node stands still, and goes on as if nothing had been.

use std::net::SocketAddr;
use std::time::Duration;

use crate::cluster::{Cluster, Manners, tells};
use crate::figures::Figures;
use crate::support::{
    Backend, Code, Crowd, Habits, Heard, Manner, Page, Websocket, Wire, becomes, is_long,
    only_words, passes, tally,
};

/// How long what is due now may take, beside other stories of hundreds of pages.
const SOON: Duration = Duration::from_secs(20);
/// Within this everybody has left a node that stands still: the pages' patience, HAProxy's, and a
/// pause or two that grew.
const LEFT: Duration = Duration::from_secs(30);
/// Within this a silent node is none any more.
const GONE: Duration = Duration::from_secs(15);

/// A third and less of the real ones.
const HABITS: Habits = Habits {
    ping: Duration::from_secs(2),
    answer: Duration::from_secs(3),
};

async fn gathers(cluster: &Cluster, many: usize) -> Crowd {
    let [_, one, other] = &cluster.nodes[..] else {
        unreachable!("there are three")
    };
    let manners = Manners {
        ways: vec![vec![one.at.push, other.at.push]],
        publishers: vec![Manner::Careless, Manner::Insistent],
        pace: Duration::from_millis(50),
        pages: HABITS,
    };
    let crowd = cluster.gathers(many, manners).await;
    crowd.goes_on(SOON).await;
    crowd
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_is_left_and_does_no_harm_when_it_goes_on() {
    stands_still(1, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_stands_still_again_and_again() {
    if is_long("a node stands still four times under 120 pages") {
        stands_still(4, 120).await;
    }
}

async fn stands_still(rounds: usize, many: usize) {
    let mut cluster = Cluster::starts().await;
    let crowd = gathers(&cluster, many).await;

    // Shorter than anybody's patience, it goes unnoticed.
    cluster.nodes[0].freezes().await;
    passes(HABITS.answer / 4).await;
    cluster.nodes[0].thaws().await;
    crowd.goes_on(SOON).await;
    assert_eq!(crowd.ends(), 0, "a page has lost its patience");

    for round in 0..rounds {
        if round > 0 {
            // Somebody has to be there: HAProxy shares the pages out anew.
            cluster.balancer.dies().await;
            cluster.balancer.returns().await;
            crowd.goes_on(SOON).await;
        }
        stands_still_once(&cluster, &crowd).await;
    }
    let told = crowd.heard_right(SOON).await;
    let away = Figures::of_absences(told.iter().map(|(_, heard)| heard));
    println!("{away}; {}", tally(&told));
    for (said, Heard { ends, .. }) in &told {
        assert!(ends.iter().all(Option::is_none), "{ends:?}");
        only_words(said, &["ok", "queued"]);
    }
}

async fn stands_still_once(cluster: &Cluster, crowd: &Crowd) {
    let frozen = &cluster.nodes[0];
    let before = crowd.ends();
    let there = frozen.metric("scangate_connections").await;
    assert!(there > 0.0, "nobody is at the node that stands still");
    let mut mover = Mover::settles(cluster).await;
    let [down, up] = ["DOWN", "UP"].map(|word| tells(&cluster.balancer, 0, word));

    frozen.freezes().await;
    mover.moves().await;
    let left = crowd.goes_on(LEFT).await;
    assert!(
        (crowd.ends() - before) as f64 >= there,
        "its pages have left"
    );
    down.await;
    let silent = cluster.counts(1, 2, GONE).await;
    frozen.thaws().await;
    let back = cluster.counts(1, 3, SOON).await;
    println!(
        "all pages hear again after {left:.1?}, the node is gone {silent:.1?} later; after its thaw \
         it is known again in {back:.1?}"
    );
    mover.is_undisturbed().await;
    up.await;
    let bindings = async || frozen.metric("scangate_bindings").await;
    becomes(SOON, "its bindings", bindings, |&held| held == 0.0).await;
    crowd.goes_on(SOON).await;
}

/// One session whose page moves from the node that stands still to another, and whose publisher has
/// said a line to the former that was not answered.
struct Mover<'a> {
    cluster: &'a Cluster,
    code: Code,
    page: Page,
    since: String,
    backend: Backend,
}

impl Mover<'_> {
    /// The page is bound, and has heard something.
    async fn settles(cluster: &Cluster) -> Mover<'_> {
        let node = cluster.nodes[0].at;
        let code = Code::registered(node.ops, "").await;
        let mut page = opens(node.public).await;
        page.binds_since(&code, "").await;
        let mut backend = Backend::at(node.push).await;
        assert_eq!(backend.say(&code.nth(0)).await, "ok");
        let (_, since) = page.next_with_id().await;
        Mover {
            cluster,
            code,
            page,
            since,
            backend,
        }
    }

    /// Page and publisher go on at another node.
    async fn moves(&mut self) {
        let line = self.line();
        self.backend.writes(&format!("{line}\n")).await;
        let node = self.cluster.nodes[1].at;
        self.page = opens(node.public).await;
        self.page.binds_since(&self.code, &self.since).await;
        let mut backend = Backend::at(node.push).await;
        assert_eq!(backend.say(&line).await, "ok");
        assert_eq!(self.page.next_with_id().await.0, line);
    }

    /// The line that waited is no second event, and the page that went takes nothing with it.
    async fn is_undisturbed(&mut self) {
        let word = self.backend.reply().await;
        println!("the line that waited: {word}");
        self.page.hears_nothing().await;
        let Code { uid, .. } = self.code;
        let path = format!("/api/v1/sessions/{uid}");
        let holders = async || {
            let view = self.cluster.nodes[1].tells(&path);
            view.await.json()["nodes"].as_array().unwrap().len()
        };
        becomes(SOON, "who holds the uid", holders, |&many| many == 1).await;
        let life = ["PTTL", &format!("scangate:{{{uid}}}:s")];
        let life = self.cluster.redis.say(&life).await.number();
        assert!(life > 600_000, "held, and ends in {life} ms");
    }

    fn line(&self) -> String {
        self.code.event(r#""n":1,"push_id":"once""#)
    }
}

async fn opens(address: SocketAddr) -> Page {
    Page::behind(Websocket::open(Wire::connect(address).await, "/").await)
}
