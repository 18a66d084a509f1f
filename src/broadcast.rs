//! One event for many: for a list of uids, or for every page of every node.
//!
//! Each uid gets an event of its own, with its uid and ticket in front, published as any other:
//! retained, and replayed to a page that comes back. The same push id for all of them makes that a
//! broadcast may be repeated, and that a uid which two nodes hold gets it once.

use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::broker::{BrokerError, Told};
use crate::hub::Hub;
use crate::message::{Body, PushId};
use crate::random;
use crate::session::{Ticket, Uid, hex};
use crate::verdict::{Door, Failure, Verdict};

/// What is said, and the name by which it is known when it comes again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Broadcast {
    event: Body,
    push_id: String,
    /// Whether it is retained for uids that nobody holds.
    keep: bool,
}

/// Events that are on their way to the broker at a time.
const AT_A_TIME: usize = 64;
/// Held uids that are looked up at a time.
const BATCH: usize = 1_000;

impl Broadcast {
    /// With a push id of the publisher's, or else one of its own. None where that is too long.
    pub fn new(event: Body, push_id: Option<String>, keep: bool) -> Option<Self> {
        let push_id = push_id.unwrap_or_else(|| hex(&random::bytes::<16>()));
        PushId::new(&push_id)?;
        Some(Self {
            event,
            push_id,
            keep,
        })
    }

    /// By what it is known when it comes again.
    pub fn push_id(&self) -> &str {
        &self.push_id
    }

    /// Publishes to these uids, whatever their tickets; how each went, in their order.
    pub async fn to_uids(&self, hub: &Hub, uids: &[Uid]) -> Result<Vec<Verdict>, BrokerError> {
        let views = hub.sessions(uids).await?;
        let tickets = views.into_iter().map(|view| view.map(|view| view.ticket));
        let sessions = uids.iter().copied().zip(tickets);
        Ok(self.to_sessions(hub, sessions.collect()).await)
    }

    /// Publishes to sessions whose tickets are known; how each went, in their order.
    pub async fn to_sessions(
        &self,
        hub: &Hub,
        sessions: Vec<(Uid, Option<Ticket>)>,
    ) -> Vec<Verdict> {
        // Boxed, so that nothing has to know for how long each borrows.
        let publishing: Vec<_> = sessions
            .into_iter()
            .map(|(uid, ticket)| Box::pin(self.to_session(hub, uid, ticket)))
            .collect();
        stream::iter(publishing).buffered(AT_A_TIME).collect().await
    }

    async fn to_session(&self, hub: &Hub, uid: Uid, ticket: Option<Ticket>) -> Verdict {
        let Some(ticket) = ticket else {
            return hub.refuse(Door::Api, Failure::UidUnknown);
        };
        let push_id = PushId::new(&self.push_id).expect("checked when it was made");
        let event = self.event.to(uid, &ticket, push_id);
        let came = Instant::now();
        hub.publish(Door::Api, &event, self.keep, came).await
    }

    /// Has every node publish to the uids that it holds; the nodes, and which of them heard.
    pub async fn to_all(&self, hub: &Hub) -> Result<Vec<Told>, BrokerError> {
        let text = serde_json::to_string(self).expect("plain data");
        hub.broker().tell_nodes(&text).await
    }
}

/// Publishes what is said to all nodes to the uids that this one holds, for ever; one task of the
/// node's.
pub async fn carry(hub: &Hub) {
    loop {
        let text = hub.next_told().await;
        match serde_json::from_str::<Broadcast>(&text) {
            Ok(broadcast) => broadcast.to_held(hub).await,
            Err(error) => tracing::warn!(%error, "could not read what is said to all nodes"),
        }
    }
}

impl Broadcast {
    async fn to_held(&self, hub: &Hub) {
        let held = hub.held();
        let mut refused = 0;
        for uids in held.chunks(BATCH) {
            match self.to_uids(hub, uids).await {
                Ok(verdicts) => {
                    let accepted = |verdict: &&Verdict| matches!(verdict, Verdict::Accepted { .. });
                    refused += uids.len() - verdicts.iter().filter(accepted).count();
                }
                Err(error) => {
                    tracing::debug!(%error, "could not look up held uids");
                    refused += uids.len();
                }
            }
        }
        tracing::info!(
            uids = held.len(),
            refused,
            "a broadcast went to all pages here"
        );
    }
}
