//! The examples for backends, each run as its user would.

use std::path::Path;
use std::process::{Output, Stdio};

use scangate::config::Secret;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Code, Gateway, broker, soon};

const SECRET: &str = "a secret for tests";

const PUSH: [(&str, &str); 4] = [
    ("php", "push.php"),
    ("python3", "push.py"),
    ("node", "push.mjs"),
    ("sh", "push.sh"),
];

const API: [(&str, &str); 4] = [
    ("php", "api.php"),
    ("python3", "api.py"),
    ("node", "api.mjs"),
    ("sh", "api.sh"),
];

/// Runs an example for a code; `PUSH_SECRET` and `API_KEY` are `secret`.
async fn runs(example: (&str, &str), place: &str, code: &Code, secret: Option<&str>) -> Output {
    let (program, file) = example;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/clients");
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args([file, place, &code.uid.to_string(), &code.ticket])
        .arg(r#"{"cmd":"paid","note":"für Ann"}"#)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for name in ["PUSH_SECRET", "API_KEY"] {
        command.env_remove(name);
        command.envs(secret.map(|secret| (name, secret)));
    }
    let run = soon(file, command.output()).await;
    run.unwrap_or_else(|error| panic!("{program}, which `make test` installs: {error}"))
}

/// Has each example publish at `gateway`, for pages and codes of `other`.
async fn publish_and_are_refused(gateway: &Gateway, other: &Gateway, secret: Option<&str>) {
    let push = gateway.push().to_string();
    let api = format!("http://{}", gateway.ops());
    let examples = PUSH.map(|example| (example, &push));
    for (example, place) in examples
        .into_iter()
        .chain(API.map(|example| (example, &api)))
    {
        let code = other.code().await;
        let mut page = other.page().await;
        page.binds(&code).await;
        let run = runs(example, place, &code, secret).await;
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{example:?}: {run:?}");
        let word = serde_json::from_str(&said).map_or_else(
            |_| said.trim().to_owned(),
            |json: Value| json["result"].as_str().unwrap().to_owned(),
        );
        assert_eq!(word, "ok", "{example:?}");
        let event: Value = serde_json::from_str(&page.next().await).unwrap();
        assert_eq!(event["uid"], code.uid, "{example:?}");
        assert_eq!(event["note"], json!("für Ann"), "{example:?}");

        let stranger = Code::foreign(code.uid, "gQnot-his");
        let run = runs(example, place, &stranger, secret).await;
        assert_eq!(run.status.code(), Some(1), "{example:?}: {run:?}");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(said.contains("fail"), "{example:?}: {said}");
        page.hears_nothing().await;
        page.leaves().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_publishes() {
    let gateway = Gateway::start().await;
    publish_and_are_refused(&gateway, &gateway, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_presents_the_secret() {
    let (broker, _data) = broker().await;
    let open = Gateway::joins(&broker, "open", |_| {}).await;
    let guarded = Gateway::joins(&broker, "guarded", |config| {
        config.push.secret = Some(Secret::new(SECRET));
        config.ops.api_key = Some(Secret::new(SECRET));
    })
    .await;
    publish_and_are_refused(&guarded, &open, Some(SECRET)).await;
}
