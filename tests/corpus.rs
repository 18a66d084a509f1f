//! Every file of `fuzz/corpus/`, through the very code that the fuzz targets run: what the fuzzer
//! once found stays found, without a fuzzer.

use std::fs;
use std::path::PathBuf;

#[path = "../fuzz/cases/mod.rs"]
mod cases;

/// Runs `case` on every file of the corpus of `target`; an empty corpus is a mistake.
fn replay(target: &str, case: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        // Shown where the case fails.
        println!("{}", file.display());
        case(&fs::read(&file).expect("the file can be read"));
    }
}

#[test]
fn every_target_is_replayed_here() {
    let targets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    for target in fs::read_dir(targets).expect("the targets can be listed") {
        let path = target.expect("the folder can be read").path();
        let name = path.file_stem().expect("a file has a name");
        let test = format!("fn {}() {{", name.display());
        assert!(include_str!("corpus.rs").contains(&test), "no `{test}`");
    }
}

#[test]
fn bind() {
    replay("bind", cases::bind);
}

#[test]
fn config() {
    replay("config", cases::config);
}

#[test]
fn frame() {
    replay("frame", cases::frame);
}

#[test]
fn markdown() {
    replay("markdown", cases::markdown);
}

#[test]
fn proxy_header() {
    replay("proxy_header", cases::proxy_header);
}

#[test]
fn push_line() {
    replay("push_line", cases::push_line);
}

#[test]
fn wechat_cipher() {
    replay("wechat_cipher", cases::wechat_cipher);
}

#[test]
fn wechat_gate() {
    replay("wechat_gate", cases::wechat_gate);
}

#[test]
fn wechat_xml() {
    replay("wechat_xml", cases::wechat_xml);
}
