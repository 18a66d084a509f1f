//! Silence: a page that only answers pings stays, and one that does not is ended by its node.

use std::time::{Duration, Instant};

use scangate::config::Config;

use crate::balancer::{Balancer, IDLE, Recipe, trusts_the_balancer};
use crate::support::{Gateway, PING, PONG, broker, masked};

behind_each_balancer! {
    a_page_that_waits_outlives_every_timeout
    a_page_that_is_gone_is_told_so_by_its_node
}

/// To each other, and to the balancer's, as the defaults are: 25, 40 and 75 s.
const PING_AFTER: Duration = Duration::from_millis(600);
const HEARTBEAT: Duration = Duration::from_secs(2);

fn is_impatient(config: &mut Config) {
    trusts_the_balancer(config);
    config.ping.after = PING_AFTER;
    config.heartbeat.after = HEARTBEAT;
}

async fn a_page_that_waits_outlives_every_timeout(recipe: Recipe) {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", is_impatient).await;
    let b = Gateway::joins(&broker, "b", is_impatient).await;
    let balancer = Balancer::before(&[&a, &b], recipe).await;
    let code = a.code().await;
    let mut page = balancer.page().await;
    page.binds(&code).await;
    let begun = Instant::now();
    while begun.elapsed() < IDLE + PING_AFTER {
        let frame = page.websocket().frame().await.expect("another ping");
        assert_eq!(frame.head, PING, "{frame:?}");
        let pong = masked(PONG, &frame.payload);
        page.websocket().wire.sends(pong).await;
    }
    assert!(begun.elapsed() > HEARTBEAT.max(IDLE));
    assert_eq!(b.backend().await.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
}

async fn a_page_that_is_gone_is_told_so_by_its_node(recipe: Recipe) {
    let gateway = Gateway::with(is_impatient).await;
    let balancer = Balancer::before(&[&gateway], recipe).await;
    let mut page = balancer.page().await;
    // Pings come, and are not answered; then the node's own close code, not a cut connection.
    let goodbye = page.websocket().is_closed_with(4408);
    goodbye.await;
}
