//! What follows a verified callback: the law of scans, from the platform's push to the page's event.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::action::{self, Scan, Workshop};
use crate::broker::{BrokerError, Scanned};
use crate::hub::Hub;
use crate::message::{Event, PushId};
use crate::metrics::Metrics;
use crate::session::{Purpose, Ticket, Uid};
use crate::texts::Say;
use crate::verdict::{Door, Failure, Verdict};
use crate::wechat::event::{Kind, Push};
use crate::wechat::openid::OpenId;

/// Takes callbacks.
#[derive(Debug)]
pub struct Scans {
    hub: Arc<Hub>,
    shop: Workshop,
    metrics: Arc<Metrics>,
}

/// How a callback was taken.
#[derive(Debug)]
pub enum Taken {
    /// With this to say to the person, or nothing.
    Answer(Option<Say>),
    /// It was taken before, or is being taken: no effect.
    Duplicate,
}

/// How long a callback that is being worked on keeps its repetitions away. The platform repeats
/// after 5 s what it got no answer to; if this node has died by then, another shall take it.
const UNDER_WAY: Duration = Duration::from_secs(4);
/// How long a callback is remembered: all attempts of the platform fall in some 20 s.
const REMEMBERED: Duration = Duration::from_secs(120);

impl Scans {
    /// The law of scans over `hub`.
    pub fn new(hub: Arc<Hub>, shop: Workshop, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { hub, shop, metrics })
    }

    /// Takes a verified callback, once. After an error nothing is remembered, and the platform's
    /// next attempt is taken.
    pub async fn take(&self, push: &Push, base_url: &str) -> Result<Taken, BrokerError> {
        let note = format!("callback:{}", push.dedup_key());
        let broker = self.hub.broker();
        if !broker.note_once(&note, "under way", UNDER_WAY).await? {
            return Ok(Taken::Duplicate);
        }
        let say = match &push.kind {
            Kind::Scan { scene, ticket, .. } => {
                let ticket = ticket.clone().and_then(Ticket::new);
                let say = self
                    .scan(scene, ticket.as_ref(), &push.from, base_url)
                    .await?;
                Some(say)
            }
            Kind::Subscribe => Some(Say::Welcome),
            _ => None,
        };
        broker.note(&note, "done", REMEMBERED).await?;
        Ok(Taken::Answer(say))
    }

    async fn scan(
        &self,
        scene: &str,
        ticket: Option<&Ticket>,
        person: &OpenId,
        base_url: &str,
    ) -> Result<Say, BrokerError> {
        let started = Instant::now();
        let scanned = match scene.parse::<Uid>() {
            Ok(uid) => self.hub.scan(uid, ticket, person.as_str()).await?,
            Err(_) => Scanned::Unknown,
        };
        let (label, say) = match scanned {
            Scanned::Accepted { purpose, ticket } => {
                let uid = scene.parse().expect("it was accepted");
                let scan = Scan {
                    uid,
                    ticket: &ticket,
                    person,
                    base_url,
                };
                let say = self.accepted(purpose.as_ref(), &scan).await?;
                let elapsed = started.elapsed().as_secs_f64();
                self.metrics.scan_duration_seconds.observe(elapsed);
                ("accepted", say)
            }
            Scanned::Repeated => ("repeated", Say::ScannedBefore),
            Scanned::Used => ("used", Say::UsedByAnother),
            Scanned::Expired => ("expired", Say::Expired),
            Scanned::Unknown => ("unknown", Say::UnknownCode),
            Scanned::Mismatch => ("mismatch", Say::UnknownCode),
        };
        self.metrics.scans_total.with_label_values(&[label]).inc();
        tracing::info!(result = label, scene, %person, "scan");
        Ok(say)
    }

    /// Tells the page of the scan, runs the action, tells its result. Whatever of this has been
    /// done by an earlier attempt is not done twice.
    async fn accepted(
        &self,
        purpose: Option<&Purpose>,
        scan: &Scan<'_>,
    ) -> Result<Say, BrokerError> {
        self.publish(scan, action::scanned(scan), "scan").await?;
        let mut say = Say::Scanned(None);
        if let Some(purpose) = purpose {
            let outcome = match action::run(purpose, scan, &self.shop).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    self.metrics
                        .scans_total
                        .with_label_values(&["failed"])
                        .inc();
                    // The page shall not wait for ever; a later attempt may still bring the result.
                    let refused = action::refused(scan, "action_failed");
                    self.publish(scan, refused, "refused").await?;
                    return Err(error);
                }
            };
            self.publish(scan, outcome.event, "result").await?;
            say = outcome.say;
        }
        self.hub.settle(scan.uid).await?;
        Ok(say)
    }

    async fn publish(
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
        };
        match self.hub.publish(Door::Scan, &event, true).await {
            Verdict::Unknown | Verdict::Failed(Failure::Unavailable) => {
                Err(BrokerError::Unavailable)
            }
            // Refused where the session ended since the scan: there is nobody to tell.
            Verdict::Accepted { .. } | Verdict::Failed(_) => Ok(()),
        }
    }
}
