//! How a node goes: noticed by the balancer first, then gently, and owing nobody a reply.

use std::time::{Duration, Instant};

use scangate::config::Origins;
use tokio::net::TcpStream;

use crate::support::{Gateway, Page, Request, Websocket, Wire, broker, eventually};

/// The number in a goodbye's `retry_ms=N`.
fn retry_ms(reason: &str) -> u32 {
    let (_, rest) = reason
        .split_once("retry_ms=")
        .unwrap_or_else(|| panic!("no retry_ms in {reason:?}"));
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    digits.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn first_it_is_no_longer_ready_and_still_takes_everybody() {
    const DELAY: Duration = Duration::from_secs(2);
    let mut gateway = Gateway::with(|config| config.drain.delay = DELAY).await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let told = Instant::now();
    gateway.is_told_to_go();
    eventually("readiness", 503, async || {
        gateway.tells(Request::get("/readyz")).await.status
    })
    .await;
    assert_eq!(gateway.tells(Request::get("/livez")).await.status, 200);
    let mut late = gateway.page().await;
    late.binds(&code).await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
    late.hears(&code.nth(1)).await;
    assert!(told.elapsed() < DELAY, "too slow a machine for this test");

    for page in [&mut page, &mut late] {
        retry_ms(&page.is_closed_with(1001).await);
    }
    assert!(told.elapsed() >= DELAY);
    gateway.is_gone().await;
    for address in [gateway.public(), gateway.push(), gateway.ops()] {
        assert!(TcpStream::connect(address).await.is_err(), "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_delay_nobody_new_is_taken() {
    let mut gateway = Gateway::with(|config| config.drain.over = Duration::from_secs(1)).await;
    let mut pages = [gateway.page().await, gateway.page().await];
    gateway.is_told_to_go();
    for address in [gateway.public(), gateway.push()] {
        eventually("whether it still listens", false, async || {
            TcpStream::connect(address).await.is_ok()
        })
        .await;
    }
    for page in &mut pages {
        page.is_closed_with(1001).await;
    }
    gateway.is_gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goodbyes_are_spread() {
    const OVER: Duration = Duration::from_secs(1);
    let mut gateway = Gateway::with(|config| config.drain.over = OVER).await;
    let mut pages = Vec::new();
    for _ in 0..20 {
        pages.push(gateway.page().await);
    }
    let told = Instant::now();
    gateway.is_told_to_go();
    let goodbyes = pages.into_iter().map(|mut page: Page| {
        tokio::spawn(async move {
            retry_ms(&page.is_closed_with(1001).await);
            told.elapsed()
        })
    });
    let mut times = Vec::new();
    for goodbye in goodbyes.collect::<Vec<_>>() {
        times.push(goodbye.await.unwrap());
    }
    times.sort_unstable();
    let (first, last) = (times[0], times[times.len() - 1]);
    assert!(last - first > OVER / 3, "{times:?}");
    assert!(last < OVER + Duration::from_secs(2), "{times:?}");
    gateway.is_gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_push_port_owes_nobody_a_reply() {
    const LINES: usize = 500;
    let (broker, _data) = broker().await;
    let mut leaving = Gateway::joins(&broker, "leaving", |_| {}).await;
    let staying = Gateway::joins(&broker, "staying", |_| {}).await;
    let code = staying.code().await;
    let mut page = staying.page().await;
    page.binds(&code).await;
    let mut backend = leaving.backend().await;
    let mut idle = leaving.backend().await;
    assert_eq!(idle.say("nonsense").await, "fail");
    let lines: String = (0..LINES).map(|n| code.nth(n) + "\n").collect();
    backend.writes(&lines).await;
    assert_eq!(backend.reply().await, "ok");

    leaving.is_told_to_go();
    let rest = backend.wire.takes_all().await;
    let rest = String::from_utf8(rest).unwrap();
    assert!(rest.ends_with('\n') || rest.is_empty());
    assert!(rest.lines().all(|reply| reply == "ok"));
    let replies = 1 + rest.lines().count();
    idle.is_closed().await;
    leaving.is_gone().await;

    // What was answered has arrived, and nothing else has.
    for n in 0..replies {
        page.hears(&code.nth(n)).await;
    }
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_nobody_visits_goes_at_once() {
    let mut gateway = Gateway::with(|config| config.drain.over = Duration::from_secs(30)).await;
    gateway.is_told_to_go();
    gateway.is_gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_everybody_has_left_goes_too() {
    let mut gateway = Gateway::with(|config| config.drain.over = Duration::from_secs(30)).await;
    let pages = [
        gateway.page().await,
        gateway.page().await,
        gateway.page().await,
    ];
    gateway.is_told_to_go();
    eventually("whether it still listens", false, async || {
        TcpStream::connect(gateway.public()).await.is_ok()
    })
    .await;
    drop(pages);
    gateway.is_gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_listen_does_not_keep_it() {
    let mut gateway = Gateway::start().await;
    let mut wire = Wire::connect(gateway.public()).await;
    // One that has connected and never asked, and one that will not answer a goodbye.
    wire.sends("GET / HTTP/1.1\r\n").await;
    let _deaf = gateway.page().await;
    gateway.is_told_to_go();
    gateway.is_gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_reloaded_is_taken_over_by_a_running_node() {
    let mut gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let stranger = Websocket::request("/").header("Origin", "https://www.iyuu.cn");
    let knocks = async |gateway: &Gateway| {
        let wire = Wire::connect(gateway.public()).await;
        Websocket::knock(wire, &stranger).await.is_ok()
    };
    assert!(!knocks(&gateway).await);
    gateway
        .reloads(|config| {
            config.public.origins = Origins::Any;
            config.limit.message_bytes = 64;
        })
        .await;
    eventually("whether the stranger may come", true, async || {
        knocks(&gateway).await
    })
    .await;
    let mut new = gateway.page().await;
    new.says(&" ".repeat(65)).await;
    new.is_closed_with(1009).await;
    // Nobody who was there is disturbed.
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_reads_nothing_does_not_keep_it_either() {
    let mut gateway = Gateway::start().await;
    let code = gateway.code().await;
    let wire = Wire::connect_narrow(gateway.public()).await;
    let mut slow = Page::behind(Websocket::open(wire, "/").await);
    slow.binds(&code).await;
    let mut backend = gateway.backend().await;
    let event = code.event(&format!(r#""pad":"{}""#, "x".repeat(60_000)));
    // Until something waits for it that the socket does not take.
    while gateway.metric("scangate_frames_queued_total").await == Some(0.0) {
        assert_eq!(backend.say(&event).await, "ok");
    }
    gateway.is_told_to_go();
    gateway.is_gone().await;
}
