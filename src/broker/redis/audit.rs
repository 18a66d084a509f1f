//! Looks after each held uid in turn: whether its channel is still subscribed, and whether its newest
//! event came by. A Cluster that moves a slot ends subscriptions without a word that the client
//! library would pass on; this finds out.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::resync::Reason;
use super::{Answer, Redis};
use crate::broker::BrokerError;
use crate::session::{EventId, Uid};

/// The shortest time from one look at a uid to the next.
const ROUND: Duration = Duration::from_secs(2);
/// Looks in a second, so that many held uids cost Redis a hundredth of its time and no more.
const LOOKS_PER_SECOND: u32 = 2_000;
/// Looks at a time.
const AT_A_TIME: usize = 20;
/// Subscriptions in a row that Redis did not answer, after which their connections are made anew.
const MOST_SILENCES: u32 = 3;

impl Redis {
    /// Looks after them for ever.
    pub(super) async fn audit(self: Arc<Self>) {
        let pace = Duration::from_secs(1) / LOOKS_PER_SECOND * AT_A_TIME as u32;
        let mut pace = tokio::time::interval(pace);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut silences = 0;
        loop {
            let round = tokio::time::sleep(ROUND);
            for some in self.held.all().chunks(AT_A_TIME) {
                pace.tick().await;
                let looks = stream::iter(some.to_vec()).map(|uid| self.look(uid));
                let lost: Vec<_> = looks.buffer_unordered(AT_A_TIME).collect().await;
                for uid in lost.into_iter().flatten() {
                    self.mend(uid, &mut silences).await;
                }
            }
            self.give_back_owed().await;
            round.await;
        }
    }

    /// Subscribes again. Where nobody answers that, though the look was answered, the connection of
    /// that shard's subscriptions is dead, and the client library does not see it.
    async fn mend(&self, uid: Uid, silences: &mut u32) {
        self.resync.count(Reason::Audit);
        match self.resync_one(uid).await {
            Ok(()) => *silences = 0,
            Err(error) => {
                tracing::debug!(%error, "could not mend a subscription, looking again later");
                *silences += u32::from(matches!(error, BrokerError::Silent));
            }
        }
        if *silences >= MOST_SILENCES {
            tracing::warn!("a shard does not answer subscriptions; connecting anew");
            *silences = 0;
            self.link.connect_subscriber_anew();
        }
    }

    /// Gives the uid where it has lost something.
    async fn look(&self, uid: Uid) -> Option<Uid> {
        matches!(self.has_lost(uid).await, Ok(true)).then_some(uid)
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
