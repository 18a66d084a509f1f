//! What was said between a person and the account: the newest two hundred lines.

use std::collections::VecDeque;

use serde::Serialize;

use crate::state::now_ms;

/// Lines kept.
const KEPT: usize = 200;

/// A chat, oldest line first.
#[derive(Default)]
pub struct Chat {
    lines: VecDeque<Line>,
    /// Number of the newest line.
    newest: u64,
}

/// One line of a chat.
#[derive(Clone, Serialize)]
pub struct Line {
    /// Number, growing.
    pub id: u64,
    /// Unix milliseconds.
    pub at: u64,
    /// What it is.
    #[serde(flatten)]
    pub what: Said,
}

/// What stands on a chat line.
#[derive(Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Said {
    /// The person wrote.
    Mine { text: String },
    /// The account answered.
    Text { text: String },
    /// The account sent articles.
    News { articles: Vec<Article> },
    /// A template message.
    Card {
        template: String,
        rows: Vec<Row>,
        url: String,
    },
    /// What happened, in the sandbox's own words: a keyword and a detail.
    Note { note: &'static str, detail: String },
}

/// One article.
#[derive(Clone, Serialize)]
pub struct Article {
    pub title: String,
    pub description: String,
    pub url: String,
}

/// One field of a template message, as the phone shows it.
#[derive(Clone, Serialize)]
pub struct Row {
    pub name: String,
    pub value: String,
}

impl Chat {
    /// Adds a line.
    pub fn add(&mut self, what: Said) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.newest += 1;
        self.lines.push_back(Line {
            id: self.newest,
            at: now_ms(),
            what,
        });
    }

    /// The lines after number `id`.
    pub fn after(&self, id: u64) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.id > id)
    }
}

impl Said {
    /// A note of the sandbox's own: a keyword that the page knows, and a detail.
    pub fn note(note: &'static str, detail: impl Into<String>) -> Said {
        let detail = detail.into();
        Said::Note { note, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept() {
        let mut chat = Chat::default();
        for _ in 0..250 {
            chat.add(Said::note("followed", ""));
        }
        let ids: Vec<u64> = chat.after(0).map(|line| line.id).collect();
        assert_eq!((ids.len(), ids[0], ids[199]), (200, 51, 250));
        assert_eq!(chat.after(249).count(), 1);
    }
}
