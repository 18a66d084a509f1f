//! `scangate probe`: the whole way from a shell.

use std::process::Output;

use scangate::config::Secret;

use crate::support::{Certificate, CertificateFiles, Gateway, Request, scangate};

const SECRETS: [(&str, &str); 2] = [
    ("SCANGATE_OPS_API_KEY", "a-key-for-the-api"),
    ("SCANGATE_PUSH_SECRET", "open-sesame"),
];

/// Runs the probe against a gateway that asks for [`SECRETS`].
async fn probe(gateway: &Gateway, words: &[&str], variables: &[(&str, &str)]) -> Output {
    let ops = format!("http://{}/", gateway.ops());
    let push = gateway.push().to_string();
    let words = [&["probe", "--ops", &ops, "--push", &push], words].concat();
    scangate(&words, variables).await
}

async fn gateway(files: Option<&CertificateFiles>) -> Gateway {
    Gateway::with(|config| {
        config.ops.api_key = Some(Secret::new(SECRETS[0].1));
        config.push.secret = Some(Secret::new(SECRETS[1].1));
        if let Some(files) = files {
            files.serve(config);
        }
    })
    .await
}

/// What it printed: good news, then bad.
fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The session that the probe registered is on record no more.
async fn left_nothing_behind(gateway: &Gateway, printed: &str) {
    let (_, rest) = printed.split_once("registered session ").unwrap();
    let uid = rest.split_whitespace().next().unwrap();
    let key = format!("Bearer {}", SECRETS[0].1);
    let request = Request::get(&format!("/api/v1/sessions/{uid}")).header("Authorization", &key);
    assert_eq!(gateway.tells(request).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_goes_the_whole_way_and_leaves_nothing_behind() {
    let gateway = gateway(None).await;
    let public = format!("http://{}", gateway.public());
    let output = probe(&gateway, &["--public", &public], &SECRETS).await;
    let (printed, wrong) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{wrong}");
    assert!(wrong.is_empty(), "{wrong}");
    let steps = [
        "registered session ",
        "bound a page ",
        "pushed an event ",
        "the page heard it ",
    ];
    assert_eq!(printed.lines().count(), steps.len(), "{printed}");
    for (line, step) in printed.lines().zip(steps) {
        assert!(line.starts_with(step) && line.ends_with(" ms"), "{line}");
    }
    left_nothing_behind(&gateway, &printed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_said_and_nothing_is_left_behind() {
    let gateway = gateway(None).await;
    let public = format!("http://{}", gateway.public());
    let output = probe(&gateway, &["--public", &public], &SECRETS[..1]).await;
    let (printed, wrong) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(wrong.contains("the push was answered fail"), "{wrong}");
    left_nothing_behind(&gateway, &printed).await;

    let output = probe(&gateway, &["--public", &public], &[]).await;
    let (printed, wrong) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(wrong.contains("could not register a session"), "{wrong}");
    assert!(wrong.contains("401"), "{wrong}");
    assert!(printed.is_empty(), "{printed}");

    let elsewhere = ["--public", "http://127.0.0.1:1"];
    let output = probe(&gateway, &elsewhere, &SECRETS).await;
    let (printed, wrong) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        wrong.contains("could not bind a page at http://127.0.0.1:1"),
        "{wrong}"
    );
    left_nothing_behind(&gateway, &printed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_the_certificate_counts() {
    let files = CertificateFiles::with(&Certificate::new());
    let gateway = gateway(Some(&files)).await;
    let public = format!("https://{}", gateway.public());
    let roots = files.certificate();
    let roots = ["--public", &public, "--roots", roots.to_str().unwrap()];

    let named = [&roots[..], &["--tls-name", "localhost"]].concat();
    let output = probe(&gateway, &named, &SECRETS).await;
    assert_eq!(output.status.code(), Some(0), "{:?}", said(&output));

    for words in [&roots[..], &named[..2]] {
        let output = probe(&gateway, words, &SECRETS).await;
        let (printed, wrong) = said(&output);
        assert_eq!(output.status.code(), Some(1), "{printed}");
        assert!(wrong.contains("could not bind a page"), "{wrong}");
        assert!(wrong.contains("certificate"), "{wrong}");
    }
}
