//! What follows from a scan that counts: the action, what the page is told of it, and the end.
//! Whatever of it was done before is not done twice, so all of it may be attempted again.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use crate::action::{self, Scan, Workshop};
use crate::broker::BrokerError;
use crate::hooks::{self, CHAT_WAITS, Hooks};
use crate::hub::Hub;
use crate::message::{Event, PushId};
use crate::metrics::Metrics;
use crate::session::Purpose;
use crate::texts::Say;
use crate::timeline::{self, Moment};
use crate::verdict::{Door, Failure, Verdict};

/// Does what codes stand for.
#[derive(Debug)]
pub struct Deeds {
    /// Sessions and their events.
    pub hub: Arc<Hub>,
    /// What actions work with.
    pub shop: Workshop,
    /// What tells the site's own backend, if it wants to be told.
    pub hooks: Option<Arc<Hooks>>,
    /// Figures.
    pub metrics: Arc<Metrics>,
}

impl Deeds {
    /// Runs the action, tells the page its result, and settles the session. Without a purpose there
    /// is only the last to do. At the end the site's backend is told, which may have its own words.
    pub async fn carry_out(
        &self,
        purpose: Option<&Purpose>,
        scan: &Scan<'_>,
    ) -> Result<Say, BrokerError> {
        let mut say = Say::Scanned(None);
        let mut result = None;
        if let Some(purpose) = purpose {
            let count = |result| {
                let labels = [purpose.action.word(), result];
                self.metrics.actions_total.with_label_values(&labels).inc();
            };
            let outcome = match action::run(purpose, scan, &self.shop).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    count("failed");
                    self.note_end(Some(purpose), scan, "failed");
                    let failed = self.metrics.scans_total.with_label_values(&["failed"]);
                    failed.inc();
                    // The page shall not wait for ever; a later attempt may still bring the result.
                    let refused = action::refused(scan, "action_failed");
                    self.tell(scan, refused, "refused").await?;
                    return Err(error);
                }
            };
            let word = outcome.result();
            self.tell(scan, outcome.event, "result").await?;
            count(word);
            result = Some(word);
            say = outcome.say;
        }
        let elapsed = scan.started.elapsed().as_secs_f64();
        self.metrics.scan_duration_seconds.observe(elapsed);
        let Some(hooks) = &self.hooks else {
            self.hub.settle(scan.uid).await?;
            self.note_end(purpose, scan, result.unwrap_or("done"));
            return Ok(say);
        };
        let hook = hooks::Scan {
            uid: scan.uid,
            ticket: scan.ticket,
            purpose,
            result,
            person: scan.person,
        };
        // Before the scan counts as done: an attempt that is cut short in between begins anew.
        let recorded = hooks.record(&hook).await?;
        self.hub.settle(scan.uid).await?;
        self.note_end(purpose, scan, result.unwrap_or("done"));
        if let Some(recorded) = recorded
            && let Some(words) = hooks.tell(recorded, scan.started + CHAT_WAITS).await
        {
            say = Say::Words(words);
        }
        Ok(say)
    }

    fn note_end(&self, purpose: Option<&Purpose>, scan: &Scan<'_>, result: &'static str) {
        let moment = Moment::Settled {
            action: purpose.map(|purpose| purpose.action.word().into()),
            result: result.into(),
            scan_ms: timeline::millis(scan.started.elapsed()),
        };
        self.hub.timeline().note_now(scan.uid, moment);
    }

    /// Publishes an event of the gateway's own to the page of a scan, once for each `name`.
    pub async fn tell(
        &self,
        scan: &Scan<'_>,
        text: Bytes,
        name: &'static str,
    ) -> Result<(), BrokerError> {
        let event = Event {
            uid: scan.uid,
            ticket: scan.ticket.clone(),
            push_id: Some(PushId::Own(name)),
            text,
            scanned: (name == "scan").then_some(scan.started),
        };
        let came = Instant::now();
        match self.hub.publish(Door::Scan, &event, true, came).await {
            Verdict::Unknown | Verdict::Failed(Failure::Unavailable) => {
                Err(BrokerError::Unavailable)
            }
            // Refused where the session ended since the scan: there is nobody to tell.
            Verdict::Accepted { .. } | Verdict::Failed(_) => Ok(()),
        }
    }
}
