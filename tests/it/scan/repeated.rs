//! What WeChat asks again while the first attempt is under way, or after it has failed: nothing of a scan is lost.

use std::time::Duration;

use scangate::broker::Broker;
use scangate::wechat::event::Push;

use crate::support::{Gateway, Phone, Platform, broker, nobody};

/// Under what name an attempt at a callback is noted.
fn note_of(xml: &str) -> String {
    let push = Push::parse(xml.as_bytes()).unwrap();
    format!("callback:{}", push.dedup_key())
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_fails_keeps_nobody_from_the_next() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let gateway = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);

    // What is on record of her cannot be read.
    let other = Broker::Embedded(broker.join("other", nobody()));
    let record = format!("person:{}", ann.openid);
    assert!(other.write(&record, 0, Some("torn"), None).await.unwrap());
    for _ in 0..2 {
        let failed = ann.sends(&scan).await;
        assert_eq!((failed.status, failed.text()), (503, ""));
    }
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let refused = r#""cmd":"refused","code":"action_failed""#;
    page.hears(&code.event(refused)).await;
    let series = r#"scangate_callbacks_total{result="failed"}"#;
    assert_eq!(gateway.metric(series).await, Some(2.0));

    let torn = other.read(&record).await.unwrap().unwrap();
    assert!(
        other
            .write(&record, torn.version, None, None)
            .await
            .unwrap()
    );
    let taken = ann.sends(&scan).await;
    assert!(ann.reads(&taken).is_some(), "the result");
    assert!(page.next().await.contains(r#""token":"#));
    assert_eq!(ann.sends(&scan).await.text(), "success");
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_is_at_is_asked_for_again() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let gateway = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let code = gateway.qrcode("token").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);

    let (other, note) = (
        Broker::Embedded(broker.join("other", nobody())),
        note_of(&scan),
    );
    assert!(other.note_once(&note, "under way", LONG).await.unwrap());
    for _ in 0..2 {
        let busy = ann.sends(&scan).await;
        assert_eq!((busy.status, busy.text()), (503, ""));
    }
    let series = r#"scangate_callbacks_total{result="under_way"}"#;
    assert_eq!(gateway.metric(series).await, Some(2.0));
    page.hears_nothing().await;
    // It fails there: what it has noted it takes back.
    other.forget(&note, "under way").await.unwrap();
    assert!(ann.reads(&ann.sends(&scan).await).is_some());
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    assert!(page.next().await.contains(r#""token":"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_has_done_is_done() {
    let platform = Platform::start().await;
    let (broker, _data) = broker().await;
    let gateway = Gateway::joins(&broker, "a", |config| platform.serves(config)).await;
    let code = gateway.qrcode("token").await;
    let ann = Phone::of(&gateway, "ann");
    let scan = ann.scan(code.uid, &code.ticket);
    let other = Broker::Embedded(broker.join("other", nobody()));
    other.note(&note_of(&scan), "done", LONG).await.unwrap();
    let again = ann.sends(&scan).await;
    assert_eq!((again.status, again.text()), (200, "success"));
}
