//! Nobody says that anything is wrong: a connection carries nothing more.

use std::time::Duration;

use crate::support::{Crowd, Proxy, Server, joins, tally};

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
