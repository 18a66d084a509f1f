//! Every case of every vector file beside this one, against the pure WeChat words.

// A vector that cannot be read should stop the test where it stands.
#![allow(clippy::unwrap_used)]

mod api;
mod crypto;
mod gate;
mod message;

use serde_json::Value;

/// Runs `check` on each case of the list `list` of the vector file `name`, and on no fewer than `count` of them.
fn each_case(name: &str, list: &str, count: usize, check: impl Fn(&Value)) {
    let path = format!("{}/tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let cases = file[list].as_array().unwrap();
    let mut checked = 0;
    for case in cases {
        println!("{name}: {}", text_of(case, "name"));
        check(case);
        checked += 1;
    }
    assert_eq!(checked, count, "cases of {name}");
}

/// The text of a member that must be there.
fn text_of<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text {name} in {value}"))
}

/// Whether an error name of a vector file covers `label`: itself, either side of `_or_`, or `any`.
fn covers(expected: &str, label: &str) -> bool {
    let bare = label.trim_start_matches("bad_");
    let either = |part: &str| part.trim_start_matches("bad_") == bare;
    expected == "any" || expected == label || expected.split("_or_").any(either)
}
