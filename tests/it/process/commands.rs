//! `check`, `config`, and what a wrong configuration is told.

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use tempfile::TempDir;

use crate::support::scangate;

fn said(output: &Output) -> String {
    let mut text = String::from_utf8(output.stdout.clone()).unwrap();
    text.push_str(std::str::from_utf8(&output.stderr).unwrap());
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn check_is_content_with_nothing_set() {
    let output = scangate(&["check"], &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_everything_that_is_wrong() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("scangate.toml");
    fs::write(
        &file,
        "[session]\ngrace_secnds = 90\n[push]\nlisten = \"nowhere\"\n",
    )
    .unwrap();
    let words = ["check", "--config", file.to_str().unwrap()];
    let variables = [("SCANGATE_HEARTBEAT_SECONDS", "soon")];
    let output = scangate(&words, &variables).await;
    assert_ne!(output.status.code(), Some(0));
    let said = said(&output);
    // Each fault with its place; the unknown name with the nearest one.
    for piece in [
        "grace_secnds",
        "grace_seconds",
        "nowhere",
        "SCANGATE_HEARTBEAT_SECONDS",
    ] {
        assert!(said.contains(piece), "{piece} is missing from\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_flag_is_an_error_that_suggests_and_an_unknown_variable_a_warning() {
    let output = scangate(&["check", "--sesion-seconds", "60"], &[]).await;
    assert_ne!(output.status.code(), Some(0));
    assert!(
        said(&output).contains("--session-seconds"),
        "{}",
        said(&output)
    );

    let invented = [("SCANGATE_SERVICE_HOST", "10.0.0.1")];
    let output = scangate(&["check"], &invented).await;
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("SCANGATE_SERVICE_HOST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_win_over_variables_and_variables_over_the_file() {
    let data = TempDir::new().unwrap();
    let file = data.path().join("scangate.toml");
    fs::write(
        &file,
        "[session]\nseconds = 61\ngrace_seconds = 62\nevents = 63\n",
    )
    .unwrap();
    let words = [
        "config",
        "--config",
        file.to_str().unwrap(),
        "--session-seconds",
        "81",
    ];
    let variables = [
        ("SCANGATE_SESSION_SECONDS", "71"),
        ("SCANGATE_SESSION_GRACE_SECONDS", "72"),
    ];
    let said = said(&scangate(&words, &variables).await);
    for (key, value) in [("seconds", "81"), ("grace_seconds", "72"), ("events", "63")] {
        let lines = said.lines().filter(|line| line.starts_with(key));
        let in_effect: Vec<_> = lines.filter(|line| line.contains(value)).collect();
        assert_eq!(in_effect.len(), 1, "{key} is not {value} in\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_serves_nobody() {
    for variables in [
        [("SCANGATE_PUBLIC_LISTEN", "nowhere")],
        [("SCANGATE_PUSH_SECRET", "")],
        [("SCANGATE_WECHAT_APP_ID", "wx0123456789abcdef")],
        [("SCANGATE_PUBLIC_TLS_CERT", "/nowhere/cert.pem")],
        [("SCANGATE_SESSION_SECONDS", "0")],
    ] {
        let output = scangate(&["serve"], &variables).await;
        assert_ne!(output.status.code(), Some(0), "{variables:?}");
        assert!(said(&output).contains(variables[0].0), "{}", said(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_another_failure_than_a_wrong_configuration() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = TempDir::new().unwrap();
    let anywhere = "127.0.0.1:0";
    let output = scangate(
        &["serve"],
        &[
            ("SCANGATE_PUBLIC_LISTEN", &address),
            ("SCANGATE_PUSH_LISTEN", anywhere),
            ("SCANGATE_OPS_LISTEN", anywhere),
            ("SCANGATE_DATA_DIR", data.path().to_str().unwrap()),
        ],
    )
    .await;
    let wrong = scangate(&["serve"], &[("SCANGATE_PUBLIC_LISTEN", "nowhere")]).await;
    assert_ne!(output.status.code(), Some(0));
    assert_ne!(output.status.code(), wrong.status.code());
    assert!(said(&output).contains(&address), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn config_prints_every_setting_and_no_secret() {
    let variables = [("SCANGATE_PUSH_SECRET", "open-sesame")];
    let output = scangate(&["config"], &variables).await;
    assert_eq!(output.status.code(), Some(0));
    let said = said(&output);
    assert!(!said.contains("open-sesame"), "{said}");
    for variable in [
        "SCANGATE_PUBLIC_LISTEN",
        "SCANGATE_PUSH_LISTEN",
        "SCANGATE_OPS_LISTEN",
        "SCANGATE_PUBLIC_TLS_CERT",
        "SCANGATE_PUBLIC_TLS_KEY",
        "SCANGATE_PUBLIC_ORIGINS",
        "SCANGATE_PUBLIC_TRUSTED_PROXIES",
        "SCANGATE_PUSH_SECRET",
        "SCANGATE_OPS_API_KEY",
        "SCANGATE_BROKER_URL",
        "SCANGATE_DATA_DIR",
        "SCANGATE_BIND_REGISTER",
        "SCANGATE_BIND_REFUSALS",
        "SCANGATE_SESSION_SECONDS",
        "SCANGATE_SESSION_GRACE_SECONDS",
        "SCANGATE_SESSION_EVENTS",
        "SCANGATE_HEARTBEAT_SECONDS",
        "SCANGATE_PING_SECONDS",
        "SCANGATE_LIMIT_QRCODES_PER_MINUTE",
        "SCANGATE_LIMIT_MESSAGES_PER_SECOND",
        "SCANGATE_LIMIT_CONNECTIONS",
        "SCANGATE_LIMIT_CONNECTIONS_PER_ADDRESS",
        "SCANGATE_DRAIN_DELAY_SECONDS",
        "SCANGATE_DRAIN_SECONDS",
        "SCANGATE_WECHAT_APP_ID",
        "SCANGATE_WECHAT_APP_SECRET",
        "SCANGATE_WECHAT_TOKEN",
        "SCANGATE_WECHAT_ENCODING_AES_KEY",
        "SCANGATE_WECHAT_ORIGINAL_ID",
        "SCANGATE_WECHAT_TEMPLATE_ID",
        "SCANGATE_WECHAT_MODE",
        "SCANGATE_WECHAT_API_URL",
        "SCANGATE_WECHAT_QR_URL",
    ] {
        assert!(said.contains(variable), "{variable} is missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_word_it_serves() {
    let nowhere = [("SCANGATE_PUBLIC_LISTEN", "nowhere")];
    let wordless = scangate(&[], &nowhere).await;
    let serve = scangate(&["serve"], &nowhere).await;
    assert_eq!(wordless.status.code(), serve.status.code());
    assert_eq!(said(&wordless), said(&serve));
}
