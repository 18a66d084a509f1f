//! `/metrics`, `/livez`, `/readyz`: open to whoever reaches the listener.

use std::collections::HashSet;

use crate::support::{Code, Gateway, Request};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_lives_and_is_ready() {
    let gateway = Gateway::start().await;
    for path in ["/livez", "/readyz"] {
        let answer = gateway.tells(Request::get(path)).await;
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_prometheus_text() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    gateway.backend().await.say(&code.nth(1)).await;

    let answer = gateway.tells(Request::get("/metrics")).await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let mut typed = HashSet::new();
    let mut series = HashSet::new();
    for line in answer.text().lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<_> = comment.splitn(3, ' ').collect();
            if words[0] == "TYPE" {
                assert!(typed.insert(words[1].to_owned()), "{line}");
            } else {
                assert_eq!(words[0], "HELP", "{line}");
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(series.insert(name.to_owned()), "{line} comes twice");
        let family = name.split('{').next().unwrap();
        let known = ["", "_bucket", "_sum", "_count"].iter().any(|end| {
            family
                .strip_suffix(end)
                .is_some_and(|base| typed.contains(base))
        });
        assert!(known, "{line} has no type");
        let ours = family.starts_with("scangate_") || family.starts_with("process_");
        assert!(ours, "{line}");
    }
    // What names one person or one page belongs into no label, and no secret anywhere.
    let Code { uid, ticket, .. } = &code;
    for private in [&uid.to_string(), ticket, "127.0.0.1"] {
        assert!(!answer.text().contains(private), "{private}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_what_happens() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    gateway.has("scangate_connections", 1.0).await;
    gateway.has("scangate_bindings", 0.0).await;
    page.binds(&code).await;
    gateway.has("scangate_bindings", 1.0).await;
    let mut backend = gateway.backend().await;
    backend.say(&code.nth(1)).await;
    backend.say("nonsense").await;
    page.hears(&code.nth(1)).await;
    gateway
        .has(r#"scangate_pushes_total{door="push",result="ok"}"#, 1.0)
        .await;
    gateway
        .has(r#"scangate_pushes_total{door="push",result="fail"}"#, 1.0)
        .await;
    page.leaves().await;
    gateway.has("scangate_connections", 0.0).await;
    gateway.has("scangate_bindings", 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ignored_is_counted() {
    let gateway = Gateway::start().await;
    let mut page = gateway.page().await;
    for nothing in ["", "hello", "{}"] {
        page.says(nothing).await;
    }
    gateway
        .has(r#"scangate_messages_total{kind="ignored"}"#, 3.0)
        .await;
}
