//! The documents keep their word: both READMEs say the same, links lead somewhere, settings exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scangate::config::Config;

/// A document's path in the repository, and its text.
type Document = (PathBuf, String);

#[test]
fn both_readmes_have_the_same_shape() {
    let english = Shape::of(&read("README.md"));
    let chinese = Shape::of(&read("README.zh-CN.md"));
    assert!(!english.headings.is_empty() && !english.blocks.is_empty());
    assert_eq!(english.headings, chinese.headings, "levels of the headings");
    assert_eq!(
        english.blocks, chinese.blocks,
        "languages of the code blocks"
    );
    assert_eq!(english.commands, chinese.commands, "lines in the blocks");
}

#[test]
fn every_relative_link_leads_somewhere() {
    for (path, text) in documents() {
        let folder = path.parent().expect("a document lies in a folder");
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => folder.join(file),
            };
            assert!(target.exists(), "{}: {link}", path.display());
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).expect("a document is text");
                assert!(
                    anchors(&text).contains(anchor),
                    "{}: {link}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_variable_named_is_a_setting() {
    let mut known: BTreeSet<String> = BTreeSet::from(["SCANGATE_CONFIG".to_owned()]);
    for setting in Config::settings() {
        if setting.secret {
            known.insert(format!("{}_FILE", setting.variable()));
        }
        known.insert(setting.variable());
    }
    // Examples of a wrong or a general spelling, and what the checks of `tests/operations` read.
    let spellings = ["SCANGATE_", "SCANGATE_SECTION_KEY", "SCANGATE_BIN"];
    for (path, text) in documents() {
        for name in variables(&text) {
            assert!(
                known.contains(name) || spellings.contains(&name),
                "{}: {name} is no setting",
                path.display()
            );
        }
    }
}

#[test]
fn no_document_names_somebodys_own_machine() {
    for (path, text) in documents() {
        for folder in ["/home/", "/root/", "/Users/", "/tmp/"] {
            assert!(!text.contains(folder), "{}: {folder}", path.display());
        }
    }
}

/// What two translations of one document have in common.
#[derive(Default)]
struct Shape {
    /// How deep each heading is, in order.
    headings: Vec<usize>,
    /// The language of each code block, in order.
    blocks: Vec<String>,
    /// What stands in the blocks of shells and programs, without comments, which are translated.
    commands: Vec<String>,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self::default();
        let mut block: Option<String> = None;
        for line in text.lines() {
            match (line.trim_start().strip_prefix("```"), &block) {
                (Some(language), None) => {
                    shape.blocks.push(language.to_owned());
                    block = Some(language.to_owned());
                }
                (Some(_), Some(_)) => block = None,
                (None, Some(language)) if language != "text" => {
                    shape.commands.push(without_comment(line).to_owned());
                }
                (None, Some(_)) => {}
                (None, None) if line.starts_with('#') => {
                    shape.headings.push(heading_level(line));
                }
                (None, None) => {}
            }
        }
        shape
    }
}

fn heading_level(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b'#').count()
}

/// A line up to the comment at its end.
fn without_comment(line: &str) -> &str {
    let comment = [" # ", "  # ", " // "]
        .iter()
        .filter_map(|mark| line.find(mark))
        .chain(line.starts_with("# ").then_some(0))
        .min();
    line[..comment.unwrap_or(line.len())].trim_end()
}

/// Where the document's links lead, those to other sites left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    outside_blocks(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.contains("://"))
}

/// The anchors that a document's headings make.
fn anchors(text: &str) -> BTreeSet<String> {
    outside_blocks(text)
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

fn outside_blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// Every word that looks like one of the gateway's variables.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("SCANGATE_").map(|(start, _)| {
        let rest = &text[start..];
        let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// The READMEs of all folders that have one, and the documents in `docs/` and `docs/actions/`.
fn documents() -> Vec<Document> {
    let mut names: Vec<String> = [
        "README.md",
        "README.zh-CN.md",
        "web/README.md",
        "examples/clients/README.md",
        "grafana/README.md",
        "helm/scangate/README.md",
        "tests/operations/README.md",
    ]
    .map(String::from)
    .to_vec();
    for folder in ["docs", "docs/actions"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("there is such a folder") {
            let name = entry.expect("a readable folder").file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".md") {
                names.push(format!("{folder}/{name}"));
            }
        }
    }
    assert!(names.len() > 5, "{names:?}");
    let documents = names
        .into_iter()
        .map(|name| (root().join(&name), read(&name)));
    documents.collect()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
