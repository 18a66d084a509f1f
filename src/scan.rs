//! What follows a verified callback: the law of scans, from the platform's push to the page's event.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::action::{self, Scan};
use crate::broker::{BrokerError, Scanned};
use crate::confirm::Confirmations;
use crate::deed::Deeds;
use crate::random;
use crate::send::Sends;
use crate::session::{Purpose, Ticket, Uid, hex};
use crate::texts::Say;
use crate::timeline::Moment;
use crate::wechat::callback::BELIEVED;
use crate::wechat::event::{Kind, Push};

/// Takes callbacks.
#[derive(Debug)]
pub struct Scans {
    deeds: Arc<Deeds>,
    confirmations: Arc<Confirmations>,
    sends: Arc<Sends>,
}

/// How a callback was taken.
#[derive(Debug)]
pub enum Taken {
    /// With this to say to the person, or nothing.
    Answer(Option<Say>),
    /// A scan that counts, with this to say to the person.
    Counts(Say),
    /// It was taken before: no effect.
    Duplicate,
    /// Another attempt is at it, here or elsewhere, and may fail yet: the platform shall ask again.
    UnderWay,
}

/// Why a callback was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// It took too long.
    #[error("it took too long")]
    TooSlow,
}

/// How long an attempt may take: the platform waits 5 s, then asks again.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a callback that is being worked on keeps its repetitions away: longer than the attempt may
/// take, for else two would be at it at once; and no longer than the platform waits, for if this node has
/// died by then, another shall take it.
const UNDER_WAY: Duration = Duration::from_millis(4500);
/// What is left after a failed attempt to say so.
const FORGETTING: Duration = Duration::from_millis(500);
/// What is noted of a callback that was taken.
const DONE: &str = "done";
/// How long a callback is remembered: the platform's own attempts fall in some 20 s, but whoever has
/// recorded one could bring it again for as long as it is believed.
const REMEMBERED: Duration = BELIEVED.saturating_add(Duration::from_secs(60));

impl Scans {
    /// The law of scans whose deeds are these, of their confirmations, and of what concerns messages.
    pub fn new(
        deeds: Arc<Deeds>,
        confirmations: Arc<Confirmations>,
        sends: Arc<Sends>,
    ) -> Arc<Self> {
        Arc::new(Self {
            deeds,
            confirmations,
            sends,
        })
    }

    /// Takes a verified callback that came at `came`, once. After an error nothing is remembered, and the platform's
    /// next attempt is taken.
    pub async fn take(
        &self,
        push: &Push,
        base_url: &str,
        came: Instant,
    ) -> Result<Taken, NotTaken> {
        let note = format!("callback:{}", push.dedup_key());
        // Of this attempt alone: it must not take back what another has noted.
        let own = format!("under way {}", hex(&random::bytes::<8>()));
        let attempt = self.attempt(&note, &own, push, base_url, came);
        let attempted = timeout(PATIENCE, attempt).await;
        let failed = match attempted {
            Ok(Ok(taken)) => return Ok(taken),
            Ok(Err(error)) => NotTaken::Broker(error),
            Err(_) => NotTaken::TooSlow,
        };
        let forget = self.deeds.hub.broker().forget(&note, &own);
        if !matches!(timeout(FORGETTING, forget).await, Ok(Ok(()))) {
            tracing::debug!("a callback is noted as under way until its note ends");
        }
        Err(failed)
    }

    /// One attempt, noted under `note` as `own`.
    async fn attempt(
        &self,
        note: &str,
        own: &str,
        push: &Push,
        base_url: &str,
        came: Instant,
    ) -> Result<Taken, BrokerError> {
        let broker = self.deeds.hub.broker();
        if !broker.note_once(note, own, UNDER_WAY).await? {
            let noted = broker.noted(note).await?;
            let is_done = noted.is_some_and(|noted| noted == DONE);
            return Ok(if is_done {
                Taken::Duplicate
            } else {
                Taken::UnderWay
            });
        }
        let taken = self.act(push, base_url, came).await?;
        broker.note(note, DONE, REMEMBERED).await?;
        Ok(taken)
    }

    /// Does what a callback calls for.
    async fn act(&self, push: &Push, base_url: &str, came: Instant) -> Result<Taken, BrokerError> {
        let say = match &push.kind {
            Kind::Scan { scene, ticket, .. } => {
                let ticket = ticket.clone().and_then(Ticket::new);
                return self
                    .scan(push, scene, ticket.as_ref(), base_url, came)
                    .await;
            }
            Kind::Subscribe => Some(Say::Welcome),
            Kind::Text { content, .. } => self.sends.hear(push, content, base_url).await?,
            Kind::Unsubscribe => {
                let accounts = &self.deeds.shop.accounts;
                accounts
                    .forget_who_left(&push.from, push.create_time)
                    .await?;
                None
            }
            Kind::TemplateJob { msg_id, status } => {
                self.sends.reported(*msg_id, *status).await?;
                None
            }
            _ => None,
        };
        Ok(Taken::Answer(say))
    }

    async fn scan(
        &self,
        push: &Push,
        scene: &str,
        ticket: Option<&Ticket>,
        base_url: &str,
        came: Instant,
    ) -> Result<Taken, BrokerError> {
        let person = &push.from;
        let scanned = match scene.parse::<Uid>() {
            Ok(uid) => self.deeds.hub.scan(uid, ticket, person.as_str()).await?,
            Err(_) => Scanned::Unknown,
        };
        let label = scanned.word();
        if let Ok(uid) = scene.parse() {
            let moment = Moment::Scanned {
                result: label.into(),
            };
            let timeline = self.deeds.hub.timeline();
            timeline.note(uid, came..Instant::now(), moment);
        }
        let taken = match scanned {
            Scanned::Accepted { purpose, ticket } => {
                let uid = scene.parse().expect("it was accepted");
                let scan = Scan {
                    uid,
                    ticket: &ticket,
                    person,
                    base_url,
                    happened: push.create_time,
                    started: came,
                };
                Taken::Counts(self.accepted(purpose.as_ref(), &scan).await?)
            }
            Scanned::Repeated => Taken::Answer(Some(Say::ScannedBefore)),
            Scanned::Used => Taken::Answer(Some(Say::UsedByAnother)),
            Scanned::Expired => Taken::Answer(Some(Say::Expired)),
            Scanned::Unknown | Scanned::Mismatch => Taken::Answer(Some(Say::UnknownCode)),
        };
        self.deeds
            .metrics
            .scans_total
            .with_label_values(&[label])
            .inc();
        Ok(taken)
    }

    /// Tells the page of the scan, and does what the code stands for, or asks the person first.
    /// Whatever of this has been done by an earlier attempt is not done twice.
    async fn accepted(
        &self,
        purpose: Option<&Purpose>,
        scan: &Scan<'_>,
    ) -> Result<Say, BrokerError> {
        self.deeds.tell(scan, action::scanned(scan), "scan").await?;
        match purpose {
            Some(purpose) if self.confirmations.are_for(purpose) => {
                self.confirmations.ask(purpose, scan).await
            }
            purpose => self.deeds.carry_out(purpose, scan).await,
        }
    }
}
