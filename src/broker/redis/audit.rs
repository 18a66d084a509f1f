//! Looks after each held uid in turn: whether its channel is still subscribed, and whether its newest
//! event came by. A Cluster that moves a slot ends subscriptions without a word that the client
//! library would pass on; this finds out.

use std::sync::Arc;
use std::time::Duration;

use super::resync::Reason;
use super::{Answer, Redis};
use crate::broker::BrokerError;
use crate::session::{EventId, Uid};

/// The shortest time from one look at a uid to the next.
const ROUND: Duration = Duration::from_secs(2);
/// Looks in a second, so that many held uids cost Redis a hundredth of its time and no more.
const LOOKS_PER_SECOND: u32 = 2_000;

impl Redis {
    /// Looks after them for ever.
    pub(super) async fn audit(self: Arc<Self>) {
        let mut pace = tokio::time::interval(Duration::from_secs(1) / LOOKS_PER_SECOND);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let round = tokio::time::sleep(ROUND);
            for uid in self.held.all() {
                pace.tick().await;
                let Ok(true) = self.has_lost(uid).await else {
                    continue;
                };
                self.resync.count(Reason::Audit);
                if let Err(error) = self.resync_one(uid).await {
                    tracing::debug!(%error, "could not mend a subscription, looking again later");
                }
            }
            round.await;
        }
    }

    async fn has_lost(&self, uid: Uid) -> Result<bool, BrokerError> {
        let keys = vec![self.keys.session(uid), self.keys.channel(uid)];
        let audit = &self.scripts.audit;
        let mut answer = Answer::of(self.link.call(audit, keys, Vec::<String>::new()).await?);
        let newest: EventId = answer.word().parse().unwrap_or_default();
        let heard = answer.number();
        let Some((_, _, last)) = self.held.known(uid) else {
            return Ok(false);
        };
        // An event that is on its way right now looks lost too; reading it twice does no harm.
        Ok(heard == 0 || newest > last)
    }
}
