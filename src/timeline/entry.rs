//! A moment on record: when, where, how long it took.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::moment::{Id, Moment};

/// A moment of a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it began, in unix milliseconds by the broker's clock.
    pub at: u64,
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

/// Reads what is on record and puts it in order. The clocks of two nodes differ by a millisecond or
/// so, but no event was written before it was published.
pub fn in_order(texts: &[String]) -> Vec<Entry> {
    let entries = texts.iter().map(|text| serde_json::from_str(text));
    let mut entries: Vec<Entry> = entries.filter_map(Result::ok).collect();
    let published: HashMap<String, u64> = entries.iter().filter_map(publication).collect();
    let place = |entry: &Entry| match &entry.moment {
        Moment::Written { event, .. } => {
            let published = published.get(&event.to_string()).copied();
            (entry.at.max(published.unwrap_or_default()), true)
        }
        _ => (entry.at, false),
    };
    entries.sort_by_key(place);
    entries
}

fn publication(entry: &Entry) -> Option<(String, u64)> {
    match &entry.moment {
        Moment::Published {
            event: Some(Id(id)),
            ..
        } => Some((id.to_string(), entry.at)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_nodes_say_is_put_in_order() {
        let texts = [
            r#"{"at":7,"node":"b","moment":"bound"}"#,
            r#"{"at":8,"node":"b","ms":0.2,"moment":"written","event":"9-0"}"#,
            r#"{"at":5,"node":"a","moment":"issued","seconds":120,"renewed":false}"#,
            r#"{"at":9,"node":"a","ms":1.5,"moment":"published","event":"9-0","door":"push","result":"ok","nodes":1}"#,
            r#"{"at":9,"node":"a","moment":"settled","result":"done"}"#,
            r#"{"at":10,"node":"c","moment":"something new","x":1}"#,
            "broken",
        ];
        let entries = in_order(&texts.map(str::to_owned));
        let kinds: Vec<_> = entries.iter().map(|entry| entry.moment.kind()).collect();
        assert_eq!(kinds, [0, 1, 8, 7, 9, 14]);
        for (entry, text) in entries
            .iter()
            .zip([texts[2], texts[0], texts[3], texts[4], texts[1]])
        {
            assert_eq!(serde_json::to_string(entry).unwrap(), text);
        }
    }
}
