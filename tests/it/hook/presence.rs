//! Connections that bind and leave are told.

use scangate::config::HookEvent;
use serde_json::json;

use crate::support::{Gateway, Reaction, Site};

async fn gateway(site: &Site) -> Gateway {
    Gateway::with(|config| site.listens(config, &[HookEvent::Bind, HookEvent::Leave])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_binds_and_leaves_is_told_of() {
    let mut site = Site::start().await;
    let gateway = gateway(&site).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let told = site.hears().await;
    assert_eq!(
        (told.event(), told.data()),
        ("bind".into(), json!({"uid": code.uid}))
    );
    // Once more on the same connection is no news.
    page.binds_since(&code, "").await;
    page.leaves().await;
    let told = site.hears().await;
    let data = json!({"uid": code.uid, "ending": "left"});
    assert_eq!((told.event(), told.data()), ("leave".into(), data));
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_turns_to_another_uid_leaves_the_first() {
    let mut site = Site::start().await;
    let gateway = gateway(&site).await;
    let [code, other] = [gateway.code().await, gateway.code().await];
    let mut page = gateway.page().await;
    page.binds(&code).await;
    assert_eq!(site.hears().await.data()["uid"], code.uid);
    page.binds(&other).await;
    // Uids do not wait for each other, so they come in any order.
    let mut told = [site.hears().await, site.hears().await];
    told.sort_by_key(|told| told.event());
    assert_eq!(told[0].data(), json!({"uid": other.uid}));
    assert_eq!(
        told[1].data(),
        json!({"uid": code.uid, "ending": "rebound"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_or_never_binds_is_not_told_of() {
    let mut site = Site::start().await;
    let gateway = gateway(&site).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.says(&code.text.replace("gQH4", "gQH5")).await;
    page.is_refused("ticket_mismatch").await;
    page.leaves().await;
    gateway.page().await.leaves().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    assert_eq!(site.hears().await.event(), "bind");
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bind_may_be_answered_with_an_event() {
    let site = Site::start().await;
    let gateway = gateway(&site).await;
    let code = gateway.code().await;
    site.next(Reaction::Answer(200, r#"{"event":{"cmd":"welcome"}}"#));
    let mut page = gateway.page().await;
    page.binds(&code).await;
    page.hears(&code.event(r#""cmd":"welcome""#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_tells_of_its_last_pages() {
    let mut site = Site::start().await;
    let mut gateway = gateway(&site).await;
    let mut pages = Vec::new();
    for _ in 0..20 {
        let code = gateway.code().await;
        let mut page = gateway.page().await;
        page.binds(&code).await;
        assert_eq!(site.hears().await.event(), "bind");
        pages.push(page);
    }
    gateway.is_told_to_go();
    for _ in &pages {
        let told = site.hears().await;
        assert_eq!(told.event(), "leave");
        assert_eq!(told.data()["ending"], "draining");
    }
    gateway.is_gone().await;
}
