//! Nobody says that anything is wrong: a connection carries nothing more, a primary stands still.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{Crowd, Proxy, Sentinel, Server, joins, joins_with, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(20);
/// Two songs without an answer, and two that are not heard, until both connections are new.
const FOUND_OUT: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_carry_nothing_more_are_given_up() {
    let redis = Server::start().await;
    let path = Proxy::to(redis.address()).await;
    let [lost, well] = [joins(&path.url()).await, joins(&redis.url()).await];
    let both = Crowd::gathers(&[&lost, &well], 6).await;
    both.goes_on(SOON).await;
    path.loses_its_connections();
    let back = both.goes_on(SOON).await;
    println!("back {back:?} after the loss");
    assert!(back < FOUND_OUT, "{back:?}");
    let told = both.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_stands_still_is_left() {
    let mut redis = Sentinel::start().await;
    let join = async || joins_with(&redis.url(), |config| config.broker.wait_replicas = 1).await;
    let [a, b] = [join().await, join().await];
    let crowd = Crowd::gathers(&[&a, &b], 6).await;
    let since = Instant::now();
    crowd.is_accepted(SOON).await;
    let still = redis.primary().address();
    redis.primary().freezes().await;
    let forgotten = since..Instant::now();
    let back = crowd.goes_on(SOON).await;
    println!("back {back:?} after the primary's last word");
    assert_ne!(redis.named().await, still);
    println!("accepted {:?} later", crowd.is_accepted(SOON).await);
    let told = crowd.heard_but(&forgotten, SOON).await;
    println!("{}", tally(&told));
    for (said, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        let mut accepted = said.iter().filter(|line| line.is_accepted());
        let lost = accepted.find(|line| !heard.events.contains(&line.n));
        assert!(lost.is_none(), "{lost:?}");
    }
}
