//! What the log warns of at the start.

use tempfile::TempDir;

use crate::support::{APP_ID, APP_SECRET, Process, TOKEN};

/// Starts with an account and these settings; everything said until it is ready.
async fn said(settings: &[(&str, &str)]) -> String {
    let data = TempDir::new().unwrap();
    let account = [
        ("SCANGATE_DATA_DIR", data.path().to_str().unwrap()),
        ("SCANGATE_WECHAT_APP_ID", APP_ID),
        ("SCANGATE_WECHAT_APP_SECRET", APP_SECRET),
        ("SCANGATE_WECHAT_TOKEN", TOKEN),
        // Nobody is there.
        ("SCANGATE_WECHAT_API_URL", "http://127.0.0.9:9"),
    ];
    let process = Process::serves(&[&account, settings].concat()).await;
    process.prints("ready").await;
    process.said()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_follow_the_host_of_whoever_calls() {
    let warning = "public.url is not set";
    for settings in [
        ("SCANGATE_WECHAT_TEMPLATE_ID", "t"),
        ("SCANGATE_CONFIRM_ACTIONS", "login"),
    ] {
        let said_without = said(&[settings]).await;
        assert!(said_without.contains(warning), "{said_without}");
        let url = ("SCANGATE_PUBLIC_URL", "https://gate.example.com");
        let said_with = said(&[settings, url]).await;
        assert!(!said_with.contains(warning), "{said_with}");
    }
    let said_without_links = said(&[]).await;
    assert!(
        !said_without_links.contains(warning),
        "{said_without_links}"
    );
}
