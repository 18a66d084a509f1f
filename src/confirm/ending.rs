//! How a confirmation ends: decided once, then carried out, by whichever node is there.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::{Confirmation, Confirmations, SOON, Standing};
use crate::action::{self, Scan};
use crate::broker::{BrokerError, Job};
use crate::clock::unix_time;
use crate::jobs::After;
use crate::records::{self, Change};

impl Confirmations {
    /// Ends what is not decided in time, and carries out what was decided elsewhere, for ever; one
    /// task of the node's.
    pub async fn watch(self: Arc<Self>, tasks: TaskTracker) {
        let jobs = Arc::clone(&self.jobs);
        let attempt = move |job: Job| {
            let own = Arc::clone(&self);
            async move {
                own.attempt(&job.id).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "could not end a confirmation");
                    After::Again(SOON)
                })
            }
        };
        jobs.run(tasks, attempt).await;
    }

    async fn attempt(&self, id: &str) -> Result<After, BrokerError> {
        let now = unix_time();
        let found = records::change(self.broker(), id, |known: Option<Confirmation>| match known
            .as_ref()
            .and_then(|known| known.remaining(now))
        {
            Some(_) => (Change::Keep, known.map(|known| (known, false))),
            None => decide_once(known, Standing::Expired),
        })
        .await?;
        let Some((known, is_decided_now)) = found else {
            return Ok(After::Done);
        };
        if is_decided_now {
            self.count("expired");
            self.note_decision(known.uid, "expired");
        }
        if let Some(remaining) = known.remaining(now) {
            return Ok(After::Again(remaining));
        }
        if !known.done {
            self.carry_out(id, known).await?;
        }
        Ok(After::Done)
    }

    /// Tells the page what was decided, does what the code stands for where it was confirmed, and
    /// notes that all this is done.
    pub(super) async fn carry_out(
        &self,
        id: &str,
        decided: Confirmation,
    ) -> Result<Confirmation, BrokerError> {
        let (ticket, person) = (decided.ticket(), decided.person());
        let scan = Scan {
            uid: decided.uid,
            ticket: &ticket,
            person: &person,
            base_url: &decided.base_url,
            happened: decided.happened,
            started: Instant::now(),
        };
        let cmd = match decided.standing {
            Standing::Waiting => return Ok(decided),
            Standing::Confirmed => "confirmed",
            Standing::Declined => "declined",
            Standing::Expired => "expired",
        };
        self.deeds
            .tell(&scan, action::told(&scan, cmd), "decision")
            .await?;
        let said = if decided.standing == Standing::Confirmed {
            let say = self.deeds.carry_out(Some(&decided.purpose), &scan).await?;
            Some(say.text(self.terms.language).into_owned())
        } else {
            self.deeds.hub.settle(scan.uid).await?;
            None
        };
        let done = Confirmation {
            done: true,
            said,
            ..decided
        };
        records::change(self.broker(), id, |known| match known {
            Some(_) => (Change::Write(done.clone()), ()),
            None => (Change::<Confirmation>::Keep, ()),
        })
        .await?;
        self.jobs.withdraw(id).await?;
        Ok(done)
    }
}

/// Decides what still waits; true where this did.
pub(super) fn decide_once(
    known: Option<Confirmation>,
    standing: Standing,
) -> (Change<Confirmation>, Option<(Confirmation, bool)>) {
    match known {
        Some(known) if known.standing == Standing::Waiting => {
            let decided = Confirmation { standing, ..known };
            (Change::Write(decided.clone()), Some((decided, true)))
        }
        known => (Change::Keep, known.map(|known| (known, false))),
    }
}
