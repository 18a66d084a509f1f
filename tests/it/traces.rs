//! The life of sessions, sent to a collector of traces.

use std::collections::HashSet;

use crate::support::{Collector, Gateway, Phone, Platform, Span, broker};

const SENT: &str = r#"scangate_trace_spans_total{result="sent"}"#;
const REFUSED: &str = r#"scangate_trace_spans_total{result="refused"}"#;
const DROPPED: &str = r#"scangate_trace_spans_total{result="dropped"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_at_one_node_is_one_trace_with_the_page_at_the_other() {
    let (platform, collector) = (Platform::start().await, Collector::start().await);
    let (broker, _data) = broker().await;
    let traced = |config: &mut _| {
        platform.serves(config);
        collector.collects(config);
    };
    let a = Gateway::joins(&broker, "a", traced).await;
    let b = Gateway::joins(&broker, "b", traced).await;
    let code = a.qrcode("login").await;
    let mut page = b.page().await;
    page.binds(&code).await;
    page.hears_nothing().await;
    Phone::of(&a, "ann").scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""cmd":"login""#));
    // issued, bound, scanned, settled, and each of two events published and written.
    let spans = collector.has(8).await;
    let traces: HashSet<_> = spans.iter().map(|span| &span.json["traceId"]).collect();
    assert_eq!(traces.len(), 1, "{spans:#?}");
    let named =
        |name: &str| -> Vec<&Span> { spans.iter().filter(|span| span.name() == name).collect() };
    let [issued] = named("issued")[..] else {
        panic!("{spans:#?}");
    };
    let (published, written) = (named("published"), named("written"));
    let timed = |span: &&&Span| span.attribute("scangate.scan_ms").is_some();
    assert_eq!(written.iter().filter(timed).count(), 1, "{written:#?}");
    assert_eq!((published.len(), written.len()), (2, 2), "{spans:#?}");
    for written in written {
        assert_eq!(written.node, "b");
        let event = published
            .iter()
            .find(|span| span.json["spanId"] == written.json["parentSpanId"])
            .unwrap();
        assert_eq!(event.node, "a");
        assert_eq!(
            event.attribute("scangate.event"),
            written.attribute("scangate.event")
        );
        assert_eq!(event.json["parentSpanId"], issued.json["spanId"]);
    }
    for name in ["bound", "scanned", "settled"] {
        assert_eq!(
            named(name)[0].json["parentSpanId"],
            issued.json["spanId"],
            "{name}"
        );
    }
    let all = format!("{spans:?}");
    assert!(!all.contains(&code.ticket), "{all}");
    a.has(SENT, 5.0).await;
    b.has(SENT, 3.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_cannot_take_now_is_sent_again() {
    let collector = Collector::start().await;
    collector.next(503, "");
    let gateway = Gateway::with(|config| collector.collects(config)).await;
    let code = gateway.code().await;
    assert_eq!(collector.has(1).await[0].name(), "issued");
    gateway.has(SENT, 1.0).await;

    collector.next(400, "");
    let mut backend = gateway.backend().await;
    backend.say(&code.nth(0)).await;
    gateway.has(REFUSED, 1.0).await;

    collector.next(200, r#"{"partialSuccess":{"rejectedSpans":"1"}}"#);
    backend.say(&code.nth(1)).await;
    gateway.has(REFUSED, 2.0).await;
    gateway.has(SENT, 1.0).await;
    gateway.has(DROPPED, 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_sends_what_it_has_and_waits_for_no_collector() {
    let collector = Collector::start().await;
    let mut gateway = Gateway::with(|config| collector.collects(config)).await;
    gateway.code().await;
    gateway.is_told_to_go();
    gateway.is_gone().await;
    assert_eq!(collector.spans().len(), 1);

    let mut gateway = Gateway::with(|config| {
        config.trace.otlp_url = Some("http://127.0.0.1:1".to_owned());
    })
    .await;
    let code = gateway.code().await;
    assert_eq!(gateway.backend().await.say(&code.nth(0)).await, "queued");
    gateway.is_told_to_go();
    gateway.is_gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_choose_the_same_sessions() {
    let collector = Collector::start().await;
    let (broker, _data) = broker().await;
    let some = |config: &mut scangate::config::Config| {
        collector.collects(config);
        config.trace.sessions_percent = 50;
    };
    let mut a = Gateway::joins(&broker, "a", some).await;
    let mut b = Gateway::joins(&broker, "b", some).await;
    let mut backend = b.backend().await;
    for _ in 0..40 {
        let code = a.code().await;
        assert_eq!(backend.say(&code.nth(0)).await, "queued");
    }
    drop(backend);
    for node in [&mut a, &mut b] {
        node.is_told_to_go();
        node.is_gone().await;
    }
    let spans = collector.spans();
    let of = |node: &str| -> HashSet<_> {
        let own = spans.iter().filter(|span| span.node == node);
        own.map(|span| span.attribute("scangate.uid")).collect()
    };
    assert_eq!(of("a"), of("b"));
    assert!((5..=35).contains(&of("a").len()), "{}", of("a").len());
}
