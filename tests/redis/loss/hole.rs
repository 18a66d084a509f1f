//! One node's path swallows everything, or its subscriptions only; the other node has its own.

use std::time::Duration;

use crate::support::{Crowd, Proxy, Server, Weather, is_long, joins, passes, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// After the return of the path everything works within this.
const BACK: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_catches_up() {
    is_cut_off_for(&[Duration::from_millis(1500)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_for_long_catches_up() {
    if !is_long("one node in a black hole for 0.5 s and 6 s") {
        return;
    }
    is_cut_off_for(&[500, 6000].map(Duration::from_millis)).await;
}

async fn is_cut_off_for(times: &[Duration]) {
    let redis = Server::start().await;
    let path = Proxy::to(redis.address()).await;
    let [lost, well] = [joins(&path.url()).await, joins(&redis.url()).await];
    let both = Crowd::gathers(&[&lost, &well], 6).await;
    let others = Crowd::gathers(&[&well], 4).await;
    for &time in times {
        path.turns(Weather::Hole);
        passes(time).await;
        others.goes_on(BACK).await;
        path.turns(Weather::Fair);
        let back = both.goes_on(SOON).await;
        println!("back {back:?} after a hole of {time:?}");
        assert!(back < BACK, "{back:?}");
    }
    let told = both.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (said, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        assert!(
            said.iter()
                .any(|line| line.word != "ok" || line.took > BACK / 3)
        );
    }
    let told = others.heard_right(SOON).await;
    println!("the other node's own: {}", tally(&told));
    for (said, _) in &told {
        assert!(said.iter().all(|line| line.is_accepted()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_silent_subscriptions_catch_up() {
    if !is_long("one node's subscriptions in a black hole for 1.5 s and 8 s") {
        return;
    }
    let redis = Server::start().await;
    let path = Proxy::to(redis.address()).await;
    let [lost, well] = [joins(&path.url()).await, joins(&redis.url()).await];
    let both = Crowd::gathers(&[&lost, &well], 6).await;
    for time in [1500, 8000].map(Duration::from_millis) {
        path.turns(Weather::HoleForSubscribers);
        passes(time).await;
        path.turns(Weather::Fair);
        let back = both.goes_on(SOON).await;
        println!("back {back:?} after a hole for subscriptions of {time:?}");
        assert!(back < BACK, "{back:?}");
    }
    let told = both.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (said, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        assert!(
            said.iter().all(|line| line.is_accepted()),
            "pushes go another way"
        );
    }
}
