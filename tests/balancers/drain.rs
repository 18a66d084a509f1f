//! A node that goes: the balancer sends nobody new there, and its pages come back elsewhere.

use std::time::Duration;

use crate::balancer::{Balancer, Recipe, trusts_the_balancer};
use crate::support::{Gateway, Page, Websocket, Wire, broker};

behind_each_balancer! {
    pages_of_a_node_that_goes_come_back_at_the_other
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_tcp_sends_nobody_to_a_node_that_drains() {
    nobody_new_comes_to_a_node_that_drains(Recipe::HaproxyTcp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_http_sends_nobody_to_a_node_that_drains() {
    nobody_new_comes_to_a_node_that_drains(Recipe::HaproxyHttp).await;
}

/// nginx is not among these: it cannot ask, and learns of it when the listener is closed.
async fn nobody_new_comes_to_a_node_that_drains(recipe: Recipe) {
    let (broker, _data) = broker().await;
    let mut leaving = Gateway::joins(&broker, "leaving", |config| {
        trusts_the_balancer(config);
        // Long after the balancer has noticed, and no reason to wait for.
        config.drain.delay = Duration::from_secs(5);
    })
    .await;
    let staying = Gateway::joins(&broker, "staying", trusts_the_balancer).await;
    let balancer = Balancer::before(&[&leaving, &staying], recipe).await;
    leaving.is_told_to_go();
    balancer.program.prints("nodes/node1 is DOWN").await;
    let mut pages = Vec::new();
    for _ in 0..6 {
        pages.push(balancer.page().await);
    }
    assert_eq!(leaving.metric("scangate_connections").await, Some(0.0));
    assert_eq!(staying.metric("scangate_connections").await, Some(6.0));
    // Not because it could not: who comes without asking the balancer is still let in.
    let wire = Wire::connect(leaving.public()).await;
    let mut page = Page::behind(Websocket::open(wire, "/").await);
    page.is_closed_with(1001).await;
    leaving.is_gone().await;
}

async fn pages_of_a_node_that_goes_come_back_at_the_other(recipe: Recipe) {
    let (broker, _data) = broker().await;
    let mut leaving = Gateway::joins(&broker, "leaving", |config| {
        trusts_the_balancer(config);
        config.drain.delay = Duration::from_secs(2);
        config.drain.over = Duration::from_secs(1);
    })
    .await;
    let staying = Gateway::joins(&broker, "staying", trusts_the_balancer).await;
    let balancer = Balancer::before(&[&leaving, &staying], recipe).await;
    let code = staying.code().await;
    let (mut moving, mut resting) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let before = leaving.metric("scangate_bindings").await;
        let mut page = balancer.page().await;
        page.binds_since(&code, "").await;
        match leaving.metric("scangate_bindings").await > before {
            true => moving.push(page),
            false => resting.push(page),
        }
    }
    assert!(!moving.is_empty() && !resting.is_empty());

    let mut backend = staying.backend().await;
    leaving.is_told_to_go();
    assert_eq!(backend.say(&code.nth(0)).await, "ok");
    let mut pages = resting;
    for mut page in moving {
        let (event, since) = page.next_with_id().await;
        assert_eq!(event, code.nth(0));
        page.is_closed_with(1001).await;
        let mut page = balancer.page().await;
        page.binds_since(&code, &since).await;
        pages.push(page);
    }
    leaving.is_gone().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    for page in &mut pages {
        let (mut event, _) = page.next_with_id().await;
        if event == code.nth(0) {
            (event, _) = page.next_with_id().await;
        }
        assert_eq!(event, code.nth(1));
    }
}
