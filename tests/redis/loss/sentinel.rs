//! The primary dies or stands still, and Sentinel has a replica take over.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{Crowd, Said, Sentinel, Server, is_long, joins, joins_with, passes, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(20);
/// After the primary's death everything works within this: the sentinels must be sure of it, choose
/// one of them, and that one a replica.
const BACK: Duration = Sentinel::DOWN_AFTER.saturating_add(Duration::from_secs(7));

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replica_has_outlives_the_primary() {
    is_outlived(async |primary| primary.dies().await, BACK).await;
}

/// Its connections stand, and nobody says that anything is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_stands_still_is_left() {
    is_outlived(async |primary| primary.freezes().await, SOON).await;
}

/// What was accepted goes on at a replica when the primary `goes`, within `patience`.
async fn is_outlived(goes: impl AsyncFnOnce(&mut Server), patience: Duration) {
    let mut redis = Sentinel::start().await;
    let join = async || joins_with(&redis.url(), |config| config.broker.wait_replicas = 1).await;
    let [a, b] = [join().await, join().await];
    let crowd = Crowd::gathers(&[&a, &b], 6).await;
    let since = Instant::now();
    crowd.is_accepted(SOON).await;
    let gone = redis.primary().address();
    goes(redis.primary()).await;
    // Pages hear what no replica has yet; said again to the new primary, they hear it once more.
    let forgotten = since..Instant::now();
    let back = crowd.goes_on(SOON).await;
    println!("back {back:?} after the primary's last word");
    assert!(back < patience, "{back:?}");
    assert_ne!(redis.named().await, gone);
    println!("accepted {:?} later", crowd.is_accepted(SOON).await);
    let told = crowd.heard_but(&forgotten, SOON).await;
    println!("{}", tally(&told));
    for (said, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        let mut accepted = said.iter().filter(|line| line.is_accepted());
        let lost = accepted.find(|line| !heard.events.contains(&line.n));
        assert!(lost.is_none(), "{lost:?}");
        assert_eq!(heard.gaps, 0, "everything was retained");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_waiting_the_newest_may_die_with_it() {
    if !is_long("a failover to a replica that lags, without waiting for replicas") {
        return;
    }
    let mut redis = Sentinel::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 6).await;
    let since = Instant::now();
    crowd.goes_on(SOON).await;
    redis.primary().parts_from_replicas().await;
    let parted = Instant::now();
    crowd.goes_on(SOON).await;
    passes(Duration::from_millis(300)).await;
    redis.primary().dies().await;
    let forgotten = since..Instant::now();
    let back = crowd.goes_on(SOON).await;
    println!("back {back:?} after the primary's death");
    assert!(back < BACK, "{back:?}");
    let told = crowd.heard_but(&forgotten, SOON).await;
    println!("{}", tally(&told));
    for (said, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        let doomed = said
            .iter()
            .filter(|line| line.is_in(&(parted..forgotten.end)));
        assert!(
            doomed.filter(|line| line.is_accepted()).count() > 1,
            "nobody waited"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_waiting_nothing_is_accepted_that_no_replica_has() {
    if !is_long("a failover to a replica that lags, waiting for replicas") {
        return;
    }
    let mut redis = Sentinel::start().await;
    let join = async || joins_with(&redis.url(), |config| config.broker.wait_replicas = 1).await;
    let [a, b] = [join().await, join().await];
    let crowd = Crowd::gathers(&[&a, &b], 6).await;
    crowd.goes_on(SOON).await;
    redis.primary().parts_from_replicas().await;
    let parted = Instant::now();
    passes(Duration::from_millis(300)).await;
    redis.primary().dies().await;
    let forgotten = parted..Instant::now();
    let back = crowd.goes_on(SOON).await;
    println!("back {back:?} after the primary's death");
    assert!(back < BACK, "{back:?}");
    let told = crowd.heard_but(&forgotten, SOON).await;
    println!("{}", tally(&told));
    for (said, heard) in &told {
        let twice = heard.events.windows(2).filter(|two| two[0] == two[1]);
        println!(
            "heard twice, from the old primary and the new: {}",
            twice.count()
        );
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        let alone = |line: &&Said| line.asked > parted && line.answered < forgotten.end;
        let accepted = said.iter().filter(alone).find(|line| line.is_accepted());
        assert!(accepted.is_none(), "{accepted:?}");
    }
}
