//! Redis stops for a while with every connection open, and then goes on where it stopped: with the
//! commands that were sent meanwhile.

use std::time::Duration;

use crate::support::{Crowd, Server, is_long, joins, passes, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// After the return of Redis everything works within this.
const BACK: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_late_is_not_done() {
    // Longer than a command is waited for, shorter than it takes to give a connection up.
    freezes_for(&[Duration::from_millis(1500)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_owe_answers_are_given_up() {
    if !is_long("Redis frozen for 0.5 s, 4 s and 8 s") {
        return;
    }
    let times = [500, 4000, 8000].map(Duration::from_millis);
    freezes_for(&times).await;
}

async fn freezes_for(times: &[Duration]) {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 8).await;
    for time in times {
        crowd.goes_on(SOON).await;
        redis.freezes().await;
        passes(*time).await;
        redis.thaws().await;
        let back = crowd.goes_on(SOON).await;
        println!("back {back:?} after {time:?} of frost");
        assert!(back < BACK, "{back:?}");
    }
    let told = crowd.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
    let mut lines = told.iter().flat_map(|(said, _)| said);
    assert!(lines.any(|line| line.word == "unknown"), "it was frozen");
}
