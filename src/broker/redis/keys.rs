//! Names of everything in Redis. All of a session's keys and its channel carry one hash tag, so
//! that a Cluster keeps them on one shard and a script may touch them together.
//!
//! ```text
//! scangate:{1735536450}:s   hash    ticket, key, action, ends, state, by, last, dropped, node:NAME…
//! scangate:{1735536450}:e   stream  retained events, field t
//! scangate:{1735536450}:p   hash    push id → event id and nodes
//! scangate:{1735536450}:q   hash    the same, of earlier pushes
//! scangate:{1735536450}:x   string  the ticket of a session that was ended, for whoever did not hear
//! scangate:{1735536450}:t   list    its timeline, moments as JSON
//! scangate:{1735536450}:c   sharded channel
//! scangate:{jobs:QUEUE}:due  sorted set  id by when it is due; :payloads, :attempts  hashes by id
//! scangate:record:NAME  hash  version, text
//! scangate:group:NAME  hash  uid → ticket
//! scangate:note:NAME  scangate:secret  scangate:nodes
//! ```

use crate::broker::Queue;
use crate::session::Uid;

#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    pub fn session(&self, uid: Uid) -> String {
        self.of(uid, "s")
    }

    pub fn channel(&self, uid: Uid) -> String {
        self.of(uid, "c")
    }

    /// Session, events, pushes, earlier pushes.
    pub fn record(&self, uid: Uid) -> Vec<String> {
        self.several(uid, &["s", "e", "p", "q"])
    }

    /// Session, events, pushes, earlier pushes; and what tells that it was ended.
    pub fn record_and_tombstone(&self, uid: Uid) -> Vec<String> {
        self.several(uid, &["s", "e", "p", "q", "x"])
    }

    /// Session, events, pushes, earlier pushes, channel; and what tells that it was ended.
    pub fn all_and_tombstone(&self, uid: Uid) -> Vec<String> {
        self.several(uid, &["s", "e", "p", "q", "c", "x"])
    }

    /// Session, events, pushes, earlier pushes, channel.
    pub fn all(&self, uid: Uid) -> Vec<String> {
        self.several(uid, &["s", "e", "p", "q", "c"])
    }

    /// Session, events, channel; with a push id also pushes, earlier pushes.
    pub fn of_push(&self, uid: Uid, has_push_id: bool) -> Vec<String> {
        if has_push_id {
            self.several(uid, &["s", "e", "c", "p", "q"])
        } else {
            self.several(uid, &["s", "e", "c"])
        }
    }

    /// Session, timeline.
    pub fn timeline(&self, uid: Uid) -> Vec<String> {
        self.several(uid, &["s", "t"])
    }

    /// Whose channel this is.
    pub fn uid_of(&self, channel: &str) -> Option<Uid> {
        let inner = channel.strip_prefix(&self.prefix)?.strip_prefix(":{")?;
        inner.strip_suffix("}:c")?.parse().ok()
    }

    /// The channel on which a node hears itself, and what is said to all.
    pub fn own_channel(&self, node: &str) -> String {
        self.named("node", node)
    }

    pub fn group(&self, name: &str) -> String {
        self.named("group", name)
    }

    pub fn note(&self, name: &str) -> String {
        self.named("note", name)
    }

    pub fn record_of(&self, name: &str) -> String {
        self.named("record", name)
    }

    /// Due times, payloads, attempts.
    pub fn jobs(&self, queue: Queue) -> Vec<String> {
        ["due", "payloads", "attempts"]
            .map(|kind| format!("{}:{{jobs:{}}}:{kind}", self.prefix, queue.word()))
            .into()
    }

    pub fn secret(&self) -> String {
        format!("{}:secret", self.prefix)
    }

    pub fn nodes(&self) -> String {
        format!("{}:nodes", self.prefix)
    }

    fn of(&self, uid: Uid, kind: &str) -> String {
        format!("{}:{{{uid}}}:{kind}", self.prefix)
    }

    fn several(&self, uid: Uid, kinds: &[&str]) -> Vec<String> {
        let tagged = self.of(uid, "");
        kinds.iter().map(|kind| [&tagged, *kind].concat()).collect()
    }

    fn named(&self, kind: &str, name: &str) -> String {
        format!("{}:{kind}:{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_leads_back_to_its_uid() {
        let keys = Keys::new("a:b");
        let uid: Uid = "42".parse().unwrap();
        assert_eq!(keys.channel(uid), "a:b:{42}:c");
        assert_eq!(keys.uid_of("a:b:{42}:c"), Some(uid));
        assert_eq!(keys.uid_of("other:{42}:c"), None);
        assert_eq!(keys.uid_of("a:b:{42}:s"), None);
    }
}
