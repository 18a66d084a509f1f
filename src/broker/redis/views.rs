//! What is on record of sessions, read from their hashes.

use std::time::Duration;

use fred::types::Value;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::answer::Answer;
use super::{Redis, node_field};
use crate::broker::{BrokerError, NodeView, SessionView};
use crate::session::{State, Ticket, Uid};

/// Sessions that are asked about at a time.
const AT_A_TIME: usize = 64;

impl Redis {
    pub(in crate::broker) async fn session(
        &self,
        uid: Uid,
    ) -> Result<Option<SessionView>, BrokerError> {
        let alive = self.nodes().await?;
        self.view(uid, &alive).await
    }

    pub(in crate::broker) async fn sessions(
        &self,
        uids: &[Uid],
    ) -> Result<Vec<Option<SessionView>>, BrokerError> {
        let alive = self.nodes().await?;
        // Boxed, so that nothing has to know for how long each borrows the nodes.
        let views = uids.iter().map(|uid| Box::pin(self.view(*uid, &alive)));
        stream::iter(views.collect::<Vec<_>>())
            .buffered(AT_A_TIME)
            .try_collect()
            .await
    }

    async fn view(&self, uid: Uid, alive: &[NodeView]) -> Result<Option<SessionView>, BrokerError> {
        let keys = vec![self.keys.session(uid)];
        let view = &self.scripts.view;
        let mut answer = Answer::of(self.link.call(view, keys, Vec::<String>::new()).await?);
        let now = answer.number();
        let fields = answer.next().into_array();
        let record = Record::of(&fields);
        let Some(ticket) = Ticket::new(record.field("ticket")) else {
            return Ok(None);
        };
        let ends: i64 = record.field("ends").parse().unwrap_or_default();
        let state = match record.field("state") {
            "done" => State::Done,
            "scanned" => State::Scanned,
            _ if ends > 0 && now >= ends => State::Expired,
            _ => State::Waiting,
        };
        let holders = alive.iter().map(|node| &node.name);
        Ok(Some(SessionView {
            state,
            purpose: record.field("action").parse().ok(),
            ticket,
            code_remaining: match state {
                State::Waiting => Duration::from_millis((ends - now).max(0).unsigned_abs()),
                _ => Duration::ZERO,
            },
            nodes: holders
                .filter(|name| record.has(&node_field(name)))
                .cloned()
                .collect(),
        }))
    }
}

/// The fields of a hash, each a name and a value.
struct Record(Vec<(String, String)>);

impl Record {
    fn of(fields: &[Value]) -> Self {
        let text = |value: &Value| value.as_string().unwrap_or_default();
        let pairs = fields.chunks_exact(2);
        Self(pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect())
    }

    fn field(&self, wanted: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn has(&self, wanted: &str) -> bool {
        self.0.iter().any(|(name, _)| name == wanted)
    }
}
