//! `push_id`: the same push twice is one event.

use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_push_id_is_accepted_once_and_answered_as_the_first_time() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let first = code.event(r#""n":1,"push_id":"a""#);
    let again = code.event(r#""n":2,"push_id":"a""#);
    assert_eq!(backend.say(&first).await, "queued");
    assert_eq!(backend.say(&again).await, "queued");

    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    assert_eq!(page.next_with_id().await.0, first);
    // Nobody held the uid the first time; that is the answer still.
    assert_eq!(backend.say(&first).await, "queued");
    page.hears_nothing().await;

    let other = code.event(r#""n":3,"push_id":"b""#);
    assert_eq!(backend.say(&other).await, "ok");
    assert_eq!(page.next_with_id().await.0, other);
    assert_eq!(backend.say(&other).await, "ok");
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_push_has_the_id_of_the_first() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let line = code.event(r#""push_id":"order-4711""#);
    let first = backend.ask(&line).await;
    let other = backend.ask(&code.nth(1)).await;
    let again = backend.ask(&line).await;
    assert_eq!(first["id"], again["id"]);
    assert_eq!(first["result"], again["result"]);
    assert_ne!(first["id"], other["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_id_belongs_to_its_uid() {
    let gateway = Gateway::start().await;
    let (one, two) = (gateway.code().await, gateway.code().await);
    let mut backend = gateway.backend().await;
    let mut page = gateway.page().await;
    page.binds(&two).await;
    let id = r#""push_id":"same""#;
    assert_eq!(backend.say(&one.event(id)).await, "queued");
    assert_eq!(backend.say(&two.event(id)).await, "ok");
    page.hears(&two.event(id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_was_refused_has_not_used_its_id() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let right = code.event(r#""push_id":"a""#);
    let wrong = right.replace("gQ", "gX");
    assert_eq!(backend.say(&wrong).await, "fail");
    assert_eq!(backend.say(&right).await, "queued");
    // And whoever does not know the ticket does not learn that the id was used.
    assert_eq!(backend.say(&wrong).await, "fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_id_of_64_bytes_will_do() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let id = format!(r#""push_id":"{}""#, "x".repeat(64));
    assert_eq!(backend.say(&code.event(&id)).await, "queued");
    assert_eq!(backend.say(&code.event(&id)).await, "queued");
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    assert_eq!(page.next_with_id().await.0, code.event(&id));
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_push_id_are_one_event() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let line = code.event(r#""push_id":"race""#);
    let mut backends = Vec::new();
    for _ in 0..8 {
        let mut backend = gateway.backend().await;
        let line = line.clone();
        backends.push(tokio::spawn(async move { backend.say(&line).await }));
    }
    for backend in backends {
        assert_eq!(backend.await.unwrap(), "ok");
    }
    page.hears(&line).await;
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_id_is_remembered_longer_than_its_event() {
    let gateway = Gateway::with(|config| config.session.events = 4).await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let line = code.event(r#""push_id":"early""#);
    let first = backend.ask(&line).await;
    for n in 0..10 {
        assert_eq!(backend.say(&code.nth(n)).await, "queued");
    }
    let again = backend.ask(&line).await;
    assert_eq!(again["id"], first["id"]);
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    page.hears(r#"{"cmd":"gap"}"#).await;
    for n in 6..10 {
        assert_eq!(page.next_with_id().await.0, code.nth(n));
    }
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_nobody_was_there_to_hear_may_be_tried_again() {
    let gateway = Gateway::with(|config| config.push.retain = false).await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let line = code.event(r#""push_id":"a""#);
    assert_eq!(backend.say(&line).await, "fail");
    let mut page = gateway.page().await;
    page.binds(&code).await;
    assert_eq!(backend.say(&line).await, "ok");
    page.hears(&line).await;
}
