//! A moment on record: when, where, how long it took.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::moment::{Id, Moment};

/// A moment of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it began, in unix milliseconds by the broker's clock, to the microsecond.
    pub at: f64,
    /// Where.
    pub node: String,
    /// How long it took, in milliseconds; 0 for what is done at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ms: f64,
    /// What.
    #[serde(flatten)]
    pub moment: Moment,
}

fn is_zero(ms: &f64) -> bool {
    *ms == 0.0
}

/// Reads what is on record and puts it in order.
///
/// What the nodes know of the broker's clock is a millisecond wrong or two. But no event was written
/// before it was published: the clock of a node that says so is behind, by that much at least, and
/// the node's moments are put so much later.
pub fn in_order(texts: &[String]) -> Vec<Entry> {
    let entries = texts.iter().map(|text| serde_json::from_str(text));
    let mut entries: Vec<Entry> = entries.filter_map(Result::ok).collect();
    let behind = behind(&entries);
    for entry in &mut entries {
        entry.at += behind.get(&entry.node).unwrap_or(&0.0);
    }
    let is_written = |entry: &Entry| matches!(entry.moment, Moment::Written { .. });
    entries.sort_by(|one, other| {
        let by_time = one.at.total_cmp(&other.at);
        by_time.then(is_written(one).cmp(&is_written(other)))
    });
    entries
}

/// By how many milliseconds the clock of a node is behind, as far as it shows.
fn behind(entries: &[Entry]) -> HashMap<String, f64> {
    let mut published = HashMap::new();
    for entry in entries {
        if let Moment::Published { event, .. } = &entry.moment
            && let Some(Id(id)) = event
        {
            published.insert(*id, entry.at);
        }
    }
    let mut behind = HashMap::new();
    for entry in entries {
        if let Moment::Written { event: Id(id), .. } = &entry.moment
            && let Some(published) = published.get(id)
            && entry.at < *published
        {
            let node: &mut f64 = behind.entry(entry.node.clone()).or_default();
            *node = node.max(published - entry.at);
        }
    }
    behind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_nodes_say_is_put_in_order() {
        let texts = [
            r#"{"at":7.5,"node":"b","moment":"bound"}"#,
            r#"{"at":8.5,"node":"b","ms":0.2,"moment":"written","event":"9-0"}"#,
            r#"{"at":8.625,"node":"b","moment":"left","why":"lost"}"#,
            r#"{"at":5.0,"node":"a","moment":"issued","seconds":120,"renewed":false}"#,
            r#"{"at":9.0,"node":"a","ms":1.5,"moment":"published","event":"9-0","door":"push","result":"ok","nodes":1}"#,
            r#"{"at":10.0,"node":"a","moment":"something new","x":1}"#,
            "broken",
        ];
        let entries = in_order(&texts.map(str::to_owned));
        let told: Vec<_> = entries
            .iter()
            .map(|entry| (entry.at, entry.moment.kind()))
            .collect();
        let expected = [
            (5.0, 0),
            (8.0, 1),
            (9.0, 8),
            (9.0, 9),
            (9.125, 3),
            (10.0, 14),
        ];
        assert_eq!(told, expected);
        let issued = serde_json::to_string(&entries[0]).expect("plain data");
        assert_eq!(issued, texts[3]);
    }
}
