//! `[hook]`: the site's own backend, which is told what happens.

use std::path::PathBuf;
use std::time::Duration;

use super::declare::settings;
use super::secret::Secret;
use super::shape;
use super::text::{Notation, Text, expected, items};

settings! {
    /// The site's own backend, which is told what happens by a signed HTTP request. Off unless `url`
    /// and `events` are set.
    pub struct Hook in "hook" {
        /// Where it is told, by POST; `http` or `https`, a query is allowed.
        url: Option<String> where shape::hook_url, restart;
        /// What signs the requests, as Standard Webhooks has it: `whsec_` and the key in base64, or
        /// any text of at least 8 bytes.
        secret: Option<Secret> where shape::hook_secret, restart;
        /// A second secret, with which the requests are signed too while the first is being replaced.
        old_secret: Option<Secret> where shape::hook_secret, restart;
        /// What it is told of: `scan`, `command`, `bind`, `leave`.
        events: Vec<HookEvent> = "", restart;
        /// How long one request may take. The first one about a scan, for whose answer the chat
        /// waits, takes 3 s at most.
        timeout as "timeout_seconds": Duration = "3" in 0.1..=20, restart;
        /// How often a scan is told before it is given up.
        attempts: u32 = "5" in 1..=20, restart;
        /// The wait before the second attempt; each further one is four times as long, an hour at
        /// most.
        retry as "retry_seconds": Duration = "5" in 0.01..=3600, restart;
        /// PEM file with the roots from one of which the backend's certificate must come. Unset:
        /// those of the public web.
        roots: Option<PathBuf>, restart;
    }
}

/// What the site's backend can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookEvent {
    /// A person scanned a code, and what the code stands for was done.
    Scan,
    /// A bound page sent a `cmd` of its own.
    Command,
    /// A connection began to hold a uid.
    Bind,
    /// A connection holds a uid no more.
    Leave,
}

impl HookEvent {
    /// Every one, in the order of the documentation.
    pub const ALL: [HookEvent; 4] = [Self::Scan, Self::Command, Self::Bind, Self::Leave];

    /// The word used on the wire, in the setting, in logs and in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Command => "command",
            Self::Bind => "bind",
            Self::Leave => "leave",
        }
    }
}

impl Text for Vec<HookEvent> {
    const FORM: &'static str = "scan, command, bind, leave";
    const PLACEHOLDER: &'static str = "EVENT,…";
    const NOTATION: Notation = Notation::List;

    fn from_text(text: &str) -> Result<Self, String> {
        let known = |item: &str| {
            let mut all = HookEvent::ALL.into_iter();
            all.find(|event| event.word() == item)
                .ok_or_else(|| expected(Self::FORM, item))
        };
        items(text).map(known).collect()
    }

    fn to_text(&self) -> Option<String> {
        let words: Vec<_> = self.iter().map(|event| event.word()).collect();
        Some(words.join(","))
    }
}
