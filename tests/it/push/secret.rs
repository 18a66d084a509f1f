//! A shared secret: the first line shows it, or is the last.

use scangate::config::Secret;

use crate::support::Gateway;

const SECRET: &str = "open-sesame";

async fn guarded() -> Gateway {
    Gateway::with(|config| config.push.secret = Some(Secret::new(SECRET))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_opens_the_port() {
    let gateway = guarded().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let auth = format!(r#"{{"auth":"{SECRET}"}}"#);
    backend
        .writes(&format!("{auth}\r\n{}\n", code.nth(0)))
        .await;
    assert_eq!(backend.reply().await, "ok");
    assert_eq!(backend.reply().await, "queued");
    assert_eq!(backend.say(&code.nth(1)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_know_it_is_sent_away() {
    let gateway = guarded().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    for first in [
        r#"{"auth":"open-sesam"}"#.to_owned(),
        r#"{"auth":"open-sesame1"}"#.to_owned(),
        r#"{"auth":""}"#.to_owned(),
        r#"{"auth":null}"#.to_owned(),
        r#"{"auth":true}"#.to_owned(),
        SECRET.to_owned(),
        "{}".to_owned(),
        code.nth(0),
    ] {
        let mut backend = gateway.backend().await;
        backend.writes(&format!("{first}\n{}\n", code.nth(1))).await;
        assert_eq!(backend.reply().await, "fail", "{first}");
        backend.is_closed().await;
    }
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_on_an_unauthorised_line_says_so() {
    let gateway = guarded().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let verdict = backend.ask(&code.nth(0)).await;
    assert_eq!(verdict["result"], "fail");
    assert_eq!(verdict["reason"], "unauthorised");
    backend.is_closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_backend_that_knows_it_opens_nothing_for_the_next() {
    let gateway = guarded().await;
    let code = gateway.code().await;
    let mut knows = gateway.backend().await;
    assert_eq!(knows.say(&format!(r#"{{"auth":"{SECRET}"}}"#)).await, "ok");
    let mut other = gateway.backend().await;
    assert_eq!(other.say(&code.nth(0)).await, "fail");
    other.is_closed().await;
    assert_eq!(knows.say(&code.nth(1)).await, "queued");
}
