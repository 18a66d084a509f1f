//! What a page gets through a balancer: everything, from whatever node it comes.

use crate::balancer::{Balancer, Recipe, trusts_the_balancer};
use crate::support::{Code, Gateway, Phone, Platform, Request, broker};

behind_each_balancer! {
    pushes_at_any_node_reach_the_page
    a_page_gets_its_code_and_its_scan
}

async fn pushes_at_any_node_reach_the_page(recipe: Recipe) {
    let (broker, _data) = broker().await;
    let a = Gateway::joins(&broker, "a", trusts_the_balancer).await;
    let b = Gateway::joins(&broker, "b", trusts_the_balancer).await;
    let balancer = Balancer::before(&[&a, &b], recipe).await;
    let code = a.code().await;
    let mut pages = Vec::new();
    for _ in 0..6 {
        let mut page = balancer.page().await;
        page.binds(&code).await;
        pages.push(page);
    }
    // Shared out, or the rest proves little.
    for node in [&a, &b] {
        let bindings = node.metric("scangate_bindings").await.unwrap();
        assert!(bindings > 0.0, "all pages came to one node");
    }
    for (n, node) in [(1, &a), (2, &b)] {
        assert_eq!(node.backend().await.say(&code.nth(n)).await, "ok");
        for page in &mut pages {
            page.hears(&code.nth(n)).await;
        }
    }
    for page in pages {
        page.leaves().await;
    }
}

async fn a_page_gets_its_code_and_its_scan(recipe: Recipe) {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let believes = |config: &mut _| {
        platform.serves(config);
        trusts_the_balancer(config);
    };
    let a = Gateway::joins(&broker, "a", believes).await;
    let b = Gateway::joins(&broker, "b", believes).await;
    let balancer = Balancer::before(&[&a, &b], recipe).await;
    let visitor = [127, 0, 0, 2];

    let page = balancer.answers(visitor, &Request::get("/")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<html"), "{}", page.text());

    let reply = balancer.answers(visitor, &Request::get("/qrcode")).await;
    let code = Code::from_reply(reply.text());
    let mut page = balancer.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&a, "ann");
    let callback = ann.envelope(&ann.scan(code.uid, &code.ticket), crate::support::now());
    let answer = balancer.answers([127, 0, 0, 9], &callback).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""token":"#));
}
