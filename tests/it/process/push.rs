//! `scangate push`: one event from a shell.

use scangate::config::Secret;

use crate::support::{Code, Gateway, scangate};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_from_a_shell_reaches_the_page() {
    let gateway = Gateway::start().await;
    let code = gateway.code().await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    let (to, uid) = (gateway.push().to_string(), code.uid.to_string());
    let words = ["push", "--to", &to, "--uid", &uid, "--ticket", &code.ticket];
    let token = ["--json", r#"{"token":"x"}"#];
    let output = scangate(&[&words[..], &token].concat(), &[]).await;
    assert_eq!(output.status.code(), Some(0));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("ok"), "{printed}");
    let heard: serde_json::Value = serde_json::from_str(&page.next().await).unwrap();
    assert_eq!(heard["uid"], code.uid);
    assert_eq!(heard["token"], "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_tells_a_shell_what_became_of_it() {
    let gateway =
        Gateway::with(|config| config.push.secret = Some(Secret::new("open-sesame"))).await;
    let code = gateway.code().await;
    let to = gateway.push().to_string();
    let secret = [("SCANGATE_PUSH_SECRET", "open-sesame")];
    let push = async |event: &str, secret: &[(&str, &str)]| {
        let words = ["push", "--to", &to, "--json", event];
        scangate(&words, secret).await.status.code().unwrap()
    };
    let queued = push(&code.nth(1), &secret).await;
    let fail = push(&Code::foreign(1, "gQ").nth(1), &secret).await;
    let unauthorised = push(&code.nth(2), &[]).await;
    let nonsense = push("nonsense", &secret).await;
    assert_eq!(queued, 0);
    assert!(fail != 0 && unauthorised != 0 && nonsense != 0);

    let mut page = gateway.page().await;
    page.binds_since(&code, "").await;
    assert!(page.next_with_id().await.0.contains(r#""n":1"#));
    page.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_listens_it_is_unknown() {
    let event = Code::foreign(1, "gQ").nth(1);
    let words = ["push", "--to", "127.0.0.1:1", "--json", &event];
    let output = scangate(&words, &[]).await;
    assert_ne!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
    assert!(!output.stderr.is_empty());
}
