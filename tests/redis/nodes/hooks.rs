//! A scan that one node has put on record is told by another.

use std::time::Duration;

use scangate::config::HookEvent;

use crate::support::{
    Gateway, Phone, Platform, Reaction, Server, Site, joins_with, one_scan_at_two_nodes,
};

async fn node(redis: &Server, platform: &Platform, site: &Site, retry: Duration) -> Gateway {
    joins_with(&redis.url(), |config| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Scan]);
        config.hook.retry = retry;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_left_another_tells() {
    let redis = Server::start().await;
    let platform = Platform::start().await;
    let (mut here, mut there) = (Site::start().await, Site::start().await);
    here.always(Reaction::Answer(500, ""));
    let second = Duration::from_secs(1);
    let mut first = node(&redis, &platform, &here, second).await;
    let code = first.qrcode("login").await;
    Phone::of(&first, "ann").scans(&code).await;
    let told = here.hears().await;
    first.is_told_to_go();
    first.is_gone().await;

    let other = node(&redis, &platform, &there, second).await;
    let mut page = other.page().await;
    page.binds(&code).await;
    there.always(Reaction::Answer(200, r#"{"event":{"late":true}}"#));
    let again = there.hears().await;
    assert_eq!((again.id, again.body), (told.id, told.body));
    page.hears(&code.event(r#""late":true"#)).await;
    here.hears_nothing();
    there.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_take_one_scan_tell_it_under_one_id() {
    let redis = Server::start().await;
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    site.always(Reaction::Answer(200, r#"{"event":{"cmd":"hello"}}"#));
    let retry = Duration::from_millis(20);
    let a = node(&redis, &platform, &site, retry).await;
    let b = node(&redis, &platform, &site, retry).await;
    one_scan_at_two_nodes(&a, &b, &mut site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bind_a_command_and_a_leave_at_one_node_are_told_and_answered_at_another() {
    let redis = Server::start().await;
    let mut site = Site::start().await;
    let events = [HookEvent::Bind, HookEvent::Command, HookEvent::Leave];
    let join = async || joins_with(&redis.url(), |config| site.listens(config, &events)).await;
    let [a, b] = [join().await, join().await];
    let code = a.code().await;
    let mut page = a.page().await;
    page.binds(&code).await;
    assert_eq!(site.hears().await.event(), "bind");
    let mut tab = b.page().await;
    tab.binds(&code).await;
    assert_eq!(site.hears().await.event(), "bind");

    site.next(Reaction::Answer(200, r#"{"event":{"sent":true}}"#));
    tab.says(r#"{"cmd":"sms"}"#).await;
    assert_eq!(site.hears().await.event(), "command");
    for page in [&mut page, &mut tab] {
        page.hears(&code.event(r#""sent":true"#)).await;
    }
    tab.leaves().await;
    assert_eq!(site.hears().await.event(), "leave");
    site.hears_nothing();
}
