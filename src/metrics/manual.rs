//! The tables of `docs/METRICS.md`, and the tests that keep them in step with the declarations.

use super::Metrics;
use super::declare::Label;

/// One metric as it is declared.
pub(super) struct Entry {
    pub name: &'static str,
    pub help: &'static str,
    pub kind: &'static str,
    pub labels: Vec<Label>,
}

impl Metrics {
    /// The tables of the manual, `docs/METRICS.md`.
    pub fn to_markdown() -> String {
        let mut page = String::new();
        for (section, entries) in Metrics::catalogue() {
            page.push_str(&format!("\n### {section}\n\n"));
            page.push_str("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
            for entry in entries {
                let labels: Vec<_> = entry.labels.iter().map(label).collect();
                page.push_str(&format!(
                    "| `{}` | {} | {} | {} |\n",
                    entry.name,
                    entry.kind,
                    labels.join("; "),
                    entry.help,
                ));
            }
        }
        page
    }
}

/// `state`: `ready`, `draining`
fn label((name, values): &Label) -> String {
    let quoted = |words: &str| {
        let words: Vec<_> = words.split(' ').map(|word| format!("`{word}`")).collect();
        words.join(" ")
    };
    let values: Vec<_> = values.iter().map(|values| quoted(values)).collect();
    match values.as_slice() {
        [] => quoted(name),
        values => format!("{}: {}", quoted(name), values.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANUAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/METRICS.md");

    /// What stands before the tables.
    fn prose(document: &str) -> &str {
        const HEADING: &str = "\n## Every metric\n";
        let heading = document.find(HEADING).expect("there is such a heading");
        &document[..heading + HEADING.len()]
    }

    #[test]
    fn the_manual_is_in_step() {
        let document = std::fs::read_to_string(MANUAL).unwrap();
        assert!(
            document == prose(&document).to_owned() + &Metrics::to_markdown(),
            "docs/METRICS.md is not as the metrics are declared; write its tables anew with \
             `cargo test --lib write_the_manual -- --ignored`"
        );
    }

    #[test]
    #[ignore = "writes the tables of docs/METRICS.md"]
    fn write_the_manual() {
        let document = std::fs::read_to_string(MANUAL).unwrap();
        std::fs::write(
            MANUAL,
            prose(&document).to_owned() + &Metrics::to_markdown(),
        )
        .unwrap();
    }
}
