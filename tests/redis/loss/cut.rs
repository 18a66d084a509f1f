//! Connections are cut: the server kicks them, or the path flaps.

use std::time::Duration;

use crate::support::{Crowd, Proxy, Server, Weather, is_long, joins, passes, tally};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// After the return of Redis everything works within this.
const BACK: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_are_kicked_under_a_stream_of_pushes() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 8).await;
    for _ in 0..3 {
        assert_eq!(redis.drops_subscribers().await, 2);
        crowd.goes_on(BACK).await;
    }
    let told = crowd.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (said, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
        assert!(said.iter().all(|line| line.is_accepted()));
    }
    for node in [&a, &b] {
        let series = r#"scangate_redis_resyncs_total{reason="reconnected"}"#;
        assert!(node.metric(series).await > Some(0.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_kicked_under_a_stream_of_pushes() {
    let redis = Server::start().await;
    let [a, b] = [joins(&redis.url()).await, joins(&redis.url()).await];
    let crowd = Crowd::gathers(&[&a, &b], 8).await;
    for _ in 0..3 {
        assert!(redis.drops_commands().await >= 2);
        crowd.goes_on(BACK).await;
    }
    let told = crowd.heard_right(SOON).await;
    println!("{}", tally(&told));
    for (_, heard) in &told {
        assert_eq!(heard.binds, 1, "no page noticed: {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_flaps_loses_nothing() {
    flaps_so_often(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_flaps_for_long_loses_nothing() {
    if !is_long("a path that flaps every 300 ms for 5 s") {
        return;
    }
    flaps_so_often(8).await;
}

async fn flaps_so_often(times: usize) {
    for weather in [Weather::Cut, Weather::Hole] {
        let redis = Server::start().await;
        let [one, two] = [
            Proxy::to(redis.address()).await,
            Proxy::to(redis.address()).await,
        ];
        let [a, b] = [joins(&one.url()).await, joins(&two.url()).await];
        let crowd = Crowd::gathers(&[&a, &b], 8).await;
        let each = Duration::from_millis(300);
        let flap = async |proxy: &Proxy, late| {
            passes(late).await;
            proxy.flaps(weather, each, times).await;
        };
        tokio::join!(flap(&one, Duration::ZERO), flap(&two, each / 2));
        let back = crowd.goes_on(SOON).await;
        let told = crowd.heard_right(SOON).await;
        println!("{weather:?}: back after {back:?}; {}", tally(&told));
        assert!(back < BACK, "{back:?}");
        for (_, heard) in &told {
            assert_eq!(heard.ends, [], "websockets stay open");
        }
    }
}
