//! `ok`, `queued`, `fail`: what each line is told, and what became of it.

use std::time::Instant;

use crate::support::{Code, Gateway};

#[tokio::test(flavor = "multi_thread")]
async fn ok_where_a_page_holds_the_uid_and_queued_where_none_does() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(0)).await, "queued");
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    assert_eq!(page.next_with_id().await.0, code.nth(0));
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    assert_eq!(page.next_with_id().await.0, code.nth(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_no_trace() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    let mut backend = gateway.backend().await;
    let Code { uid, ticket, .. } = &code;
    for wrong in [
        format!(r#"{{"uid":1,"ticket":"{ticket}"}}"#),
        format!(r#"{{"uid":{uid},"ticket":"gQwrong"}}"#),
        format!(r#"{{"uid":{uid},"ticket":""}}"#),
        format!(r#"{{"uid":{uid},"ticket":true}}"#),
        format!(r#"{{"uid":{uid},"ticket":null}}"#),
        format!(r#"{{"uid":{uid},"ticket":["{ticket}"]}}"#),
        format!(r#"{{"uid":{uid}}}"#),
        format!(r#"{{"ticket":"{ticket}"}}"#),
        format!(r#"{{"uid":{uid}.0,"ticket":"{ticket}"}}"#),
        format!(r#"{{"uid":"0{uid}","ticket":"{ticket}"}}"#),
        format!(r#"{{"uid":-{uid},"ticket":"{ticket}"}}"#),
        format!(r#"{{"uid":null,"ticket":"{ticket}"}}"#),
        format!(r#"{{"uid":{uid},"ticket":"{ticket}"#),
        format!(r#"{{"uid":{uid},"ticket":"{ticket}"}} x"#),
        format!(r#"{{"uid":{uid},"ticket":"{ticket}",}}"#),
        format!(r#"[{{"uid":{uid},"ticket":"{ticket}"}}]"#),
        format!("{{\"uid\":{uid},\"ticket\":\"{ticket}\",\"a\":\"\u{1}\"}}"),
        "hello".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "GET / HTTP/1.1".to_owned(),
    ] {
        assert_eq!(backend.say(&wrong).await, "fail", "{wrong}");
    }
    page.hears_nothing().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    assert_eq!(page.next_with_id().await.0, code.nth(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_refused_and_the_next_line_is_heard() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    for garbage in [
        &b"\xff\xfe\x00\n"[..],
        b"\x16\x03\x01\x02\n",
        b"{\"uid\":\"\xc3\x28\"}\n",
    ] {
        backend.wire.sends(garbage).await;
        assert_eq!(backend.reply().await, "fail");
    }
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let reply = backend.say(&code.event(&format!(r#""deep":{deep}"#))).await;
    assert!(["queued", "fail"].contains(&reply.as_str()), "{reply}");
    assert_eq!(backend.say(&code.nth(1)).await, "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_retention_nobody_there_is_fail() {
    let gateway = Gateway::with(|config| config.push.retain = false).await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    assert_eq!(backend.say(&code.nth(0)).await, "fail");
    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    page.hears_nothing().await;
    assert_eq!(backend.say(&code.nth(1)).await, "ok");
    assert_eq!(page.next_with_id().await.0, code.nth(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_answered_within_two_seconds() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    for line in [code.nth(1), "{".to_owned(), Code::foreign(1, "gQ").nth(1)] {
        let begun = Instant::now();
        backend.say(&line).await;
        assert!(begun.elapsed().as_secs() < 2, "{line}");
    }
}
