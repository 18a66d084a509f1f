//! The OpenAPI document: served to everybody, and about what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use scangate::config::Secret;
use scangate::session::Action;
use serde_json::Value;

use crate::support::{Gateway, Request};

const METHODS: [&str; 4] = ["GET", "PUT", "POST", "DELETE"];

/// What the document describes: path, methods.
type Routes = BTreeMap<String, BTreeSet<String>>;

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).unwrap()
}

fn document() -> Value {
    serde_json::from_str(&text("docs/openapi.json")).unwrap()
}

fn routes() -> Routes {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .map(|(path, item)| {
            let words = item.as_object().unwrap().keys();
            let methods = words.map(|word| word.to_uppercase());
            let methods = methods.filter(|word| METHODS.contains(&word.as_str()));
            (path.clone(), methods.collect())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_to_everybody() {
    let key = Secret::new("a key for the API");
    let gateway = Gateway::with(|config| config.ops.api_key = Some(key)).await;
    let served = gateway.tells(Request::get("/api/v1/openapi.json")).await;
    assert_eq!(served.status, 200);
    assert_eq!(served.header("content-type"), Some("application/json"));
    assert_eq!(served.json(), document());
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_path_takes_the_methods_described_and_no_other() {
    let gateway = Gateway::start().await;
    let parameters = document()["components"]["parameters"].clone();
    for (path, described) in routes() {
        let mut path = path;
        for (name, parameter) in parameters.as_object().unwrap() {
            let example = &parameter["example"];
            let example = example.as_str().map_or(example.to_string(), str::to_owned);
            path = path.replace(&format!("{{{name}}}"), &example);
        }
        assert!(
            !path.contains('{'),
            "{path}: a parameter without an example"
        );
        let answer = gateway.tells(Request::new("PATCH", &path)).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed = answer.header("allow").unwrap().split(", ");
        let allowed: BTreeSet<_> = allowed.map(str::to_owned).collect();
        assert_eq!(allowed, described, "{path}");
    }
}

#[test]
fn the_protocol_and_the_document_name_the_same_routes() {
    let mut named = Routes::new();
    for line in text("docs/PROTOCOL.md").lines() {
        let Some((request, _)) = line
            .strip_prefix("| ")
            .and_then(|line| line.split_once(" | "))
        else {
            continue;
        };
        let Some(path) = request
            .split(['`', ' '])
            .find(|word| word.starts_with("/api/v1/"))
        else {
            continue;
        };
        let words = request.split(|c: char| !c.is_ascii_uppercase());
        let methods = words
            .filter(|word| METHODS.contains(word))
            .map(str::to_owned);
        named.entry(path.to_owned()).or_default().extend(methods);
    }
    assert_eq!(named, routes());
}

#[test]
fn the_document_names_every_action() {
    let session = &document()["components"]["schemas"]["Session"]["properties"];
    let described = session["action"]["enum"].as_array().unwrap().clone();
    let words = Action::ALL.map(|action| Value::from(action.word()));
    assert_eq!(described[..], [&words[..], &[Value::Null]].concat());
}

#[test]
fn every_word_of_the_router_stands_in_the_document() {
    let source = text("src/doors/ops.rs");
    let (_, router) = source.split_once("async fn api(").expect("the router");
    let (router, _) = router.split_once("\n    }\n").unwrap();
    let described = routes();
    let segments: BTreeSet<_> = described.keys().flat_map(|path| path.split('/')).collect();
    let quoted = router.split('"').skip(1).step_by(2);
    let words = quoted.filter(|text| text.starts_with(|c: char| c.is_ascii_lowercase()));
    let words: Vec<_> = words.flat_map(|text| text.split('/')).collect();
    assert!(words.len() > 5, "{words:?}");
    for word in words {
        assert!(segments.contains(word), "{word} is not described");
    }
}
