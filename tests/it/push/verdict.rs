//! `"reply":"verbose"`: a verdict instead of a word.

use serde_json::Value;

use crate::support::Gateway;

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_push_tells_its_id_and_how_many_nodes_hold_the_uid() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let queued = backend.ask(&code.nth(0)).await;
    assert_eq!(queued["result"], "queued");
    assert_eq!(queued["nodes"], 0);

    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    let (_, id) = page.next_with_id().await;
    assert_eq!(queued["id"], id);

    let mut second_tab = gateway.page().await;
    second_tab.binds(&code).await;
    let ok = backend.ask(&code.nth(1)).await;
    assert_eq!(ok["result"], "ok");
    assert_eq!(ok["nodes"], 1);
    assert!(ok["ms"].is_number(), "{ok}");
    assert!(ok.get("reason").is_none_or(Value::is_null), "{ok}");
    let (_, id) = page.next_with_id().await;
    assert_eq!(ok["id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_push_tells_the_reason() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    for (line, reason) in [
        (r#"{"uid":1,"ticket":"gQ"}"#.to_owned(), "uid_unknown"),
        (
            format!(r#"{{"uid":{},"ticket":"gQ"}}"#, code.uid),
            "ticket_mismatch",
        ),
        (format!(r#"{{"uid":{}}}"#, code.uid), "ticket_mismatch"),
        (
            format!(r#"{{"uid":{},"ticket":7}}"#, code.uid),
            "ticket_mismatch",
        ),
        (r#"{"ticket":"gQ"}"#.to_owned(), "no_uid"),
        (r#"{"uid":0,"ticket":"gQ"}"#.to_owned(), "no_uid"),
        (r#"{"uid":"x","ticket":"gQ"}"#.to_owned(), "no_uid"),
        ("{}".to_owned(), "no_uid"),
    ] {
        let verdict = backend.ask(&line).await;
        assert_eq!(verdict["result"], "fail", "{line}");
        assert_eq!(verdict["reason"], reason, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_no_verdict_gets_a_word() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    for reply in ["\"word\"", "true", "null", "1"] {
        let line = code.event(&format!(r#""reply":{reply}"#));
        assert_eq!(backend.say(&line).await, "queued", "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_verdicts_mix_in_one_connection() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut backend = gateway.backend().await;
    let verbose = code.event(r#""reply":"verbose""#);
    backend
        .writes(&format!("{}\n{verbose}\n{}\n", code.nth(0), code.nth(1)))
        .await;
    assert_eq!(backend.reply().await, "queued");
    let verdict: Value = serde_json::from_str(&backend.reply().await).unwrap();
    assert_eq!(verdict["result"], "queued");
    assert_eq!(backend.reply().await, "queued");
}
