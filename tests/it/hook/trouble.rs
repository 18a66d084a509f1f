//! A backend that is slow, dead, or answers nonsense about a scan: the page and the chat hardly
//! notice, and it is told again, always under the same id.

use std::time::Duration;

use scangate::config::{Config, HookEvent};

use crate::support::{Gateway, Phone, Platform, Reaction, Site, Told};

async fn gateway(platform: &Platform, site: &Site, change: impl FnOnce(&mut Config)) -> Gateway {
    Gateway::with(|config| {
        platform.serves(config);
        site.listens(config, &[HookEvent::Scan]);
        config.hook.timeout = Duration::from_millis(200);
        change(config);
    })
    .await
}

/// A person scans a code, and hears what is said without a hook; the attempts that follow.
async fn scans(gateway: &Gateway, site: &mut Site, attempts: usize) -> Vec<Told> {
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(gateway, "ann");
    let said = ann.reads(&ann.scans(&code).await).unwrap();
    assert!(said.starts_with("登录成功"), "{said}");
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""cmd":"login""#));
    let mut told = Vec::new();
    for _ in 0..attempts {
        told.push(site.hears().await);
    }
    for again in &told {
        assert_eq!((&again.id, &again.body), (&told[0].id, &told[0].body));
    }
    told
}

async fn counts(gateway: &Gateway, result: &str) -> f64 {
    let series = format!(r#"scangate_hooks_total{{event="scan",result="{result}"}}"#);
    gateway.metric(&series).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_it_is_told_again() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site, |_| {}).await;
    for (reaction, result) in [
        (Reaction::Answer(500, r#"{"say":"no"}"#), "refused"),
        (Reaction::Answer(404, ""), "refused"),
        (Reaction::Redirect, "refused"),
        (Reaction::Hang, "timeout"),
        (Reaction::HangUp, "unreachable"),
        (Reaction::BreakOff, "broken"),
    ] {
        let before = counts(&gateway, result).await;
        site.next(reaction.clone());
        scans(&gateway, &mut site, 2).await;
        assert_eq!(counts(&gateway, result).await, before + 1.0, "{reaction:?}");
    }
    gateway
        .has(r#"scangate_hooks_total{event="scan",result="ok"}"#, 6.0)
        .await;
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_of_a_later_answer_is_published_still() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site, |_| {}).await;
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    site.next(Reaction::Hang);
    site.next(Reaction::Answer(
        200,
        r#"{"event":{"late":true},"say":"too late"}"#,
    ));
    Phone::of(&gateway, "ann").scans(&code).await;
    page.next().await;
    page.next().await;
    page.hears(&code.event(r#""late":true"#)).await;
    site.hears().await;
    site.hears().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_given_up_after_so_many_attempts() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site, |config| config.hook.attempts = 3).await;
    site.always(Reaction::Answer(503, ""));
    scans(&gateway, &mut site, 3).await;
    let series = r#"scangate_hooks_total{event="scan",result="given_up"}"#;
    gateway.has(series, 1.0).await;
    // Another one goes through: what was given up does not come again.
    site.always(Reaction::Answer(200, ""));
    scans(&gateway, &mut site, 1).await;
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_attempt_means_one() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site, |config| config.hook.attempts = 1).await;
    site.next(Reaction::Answer(503, ""));
    scans(&gateway, &mut site, 1).await;
    assert_eq!(counts(&gateway, "given_up").await, 1.0);
    scans(&gateway, &mut site, 1).await;
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_not_asked_again() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site, |_| {}).await;
    site.next(Reaction::Answer(410, ""));
    scans(&gateway, &mut site, 1).await;
    assert_eq!(counts(&gateway, "given_up").await, 1.0);
    scans(&gateway, &mut site, 1).await;
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_cut_and_counts_as_told() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site, |config| {
        config.hook.timeout = Duration::from_secs(3);
    })
    .await;
    site.next(Reaction::Endless);
    scans(&gateway, &mut site, 1).await;
    assert_eq!(counts(&gateway, "ok").await, 1.0);
    scans(&gateway, &mut site, 1).await;
    site.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_does_not_wait_for_a_patient_hook() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let gateway = gateway(&platform, &site, |config| {
        config.hook.timeout = Duration::from_secs(20);
    })
    .await;
    site.next(Reaction::Hang);
    let begun = std::time::Instant::now();
    scans(&gateway, &mut site, 2).await;
    // The platform gives up after 5 s.
    assert!(begun.elapsed() < Duration::from_secs(4), "{begun:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_no_trouble_for_anybody() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let nowhere = nowhere();
    let gateway = gateway(&platform, &site, |config| {
        config.hook.url = Some(nowhere);
        config.hook.events = HookEvent::ALL.to_vec();
        config.hook.attempts = 2;
    })
    .await;
    scans(&gateway, &mut site, 0).await;
    let series = r#"scangate_hooks_total{event="scan",result="given_up"}"#;
    gateway.has(series, 1.0).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    page.says(r#"{"cmd":"n"}"#).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
    page.is_refused("hook_failed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_taken_outlives_the_node() {
    let platform = Platform::start().await;
    let mut site = Site::start().await;
    let data = tempfile::TempDir::new().unwrap();
    let nowhere = nowhere();
    let mut first = gateway(&platform, &site, |config| {
        config.data.dir = data.path().to_owned();
        config.hook.url = Some(nowhere);
        // It is told in vain once, and no more before the end.
        config.hook.retry = Duration::from_secs(1);
    })
    .await;
    scans(&first, &mut site, 0).await;
    assert_eq!(counts(&first, "unreachable").await, 1.0);
    let waiting = r#"scangate_jobs_waiting{queue="hooks"}"#;
    first.has(waiting, 1.0).await;
    first.is_told_to_go();
    first.is_gone().await;
    let second = gateway(&platform, &site, |config| {
        config.data.dir = data.path().to_owned();
    })
    .await;
    assert_eq!(site.hears().await.data()["action"], "login");
    let series = r#"scangate_hooks_total{event="scan",result="ok"}"#;
    second.has(series, 1.0).await;
    second.has(waiting, 0.0).await;
    site.hears_nothing();
}

/// The URL of a backend that is not there.
fn nowhere() -> String {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", gone.local_addr().unwrap())
}
