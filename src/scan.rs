//! What follows a verified callback: the law of scans, from the platform's push to the page's event.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::action::{self, Scan};
use crate::broker::{BrokerError, Scanned};
use crate::confirm::Confirmations;
use crate::deed::Deeds;
use crate::send::Sends;
use crate::session::{Purpose, Ticket, Uid};
use crate::texts::Say;
use crate::timeline::Moment;
use crate::wechat::callback::BELIEVED;
use crate::wechat::event::{Kind, Push};
use crate::wechat::openid::OpenId;

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
    /// It was taken before, or is being taken: no effect.
    Duplicate,
}

/// How long a callback that is being worked on keeps its repetitions away. The platform repeats
/// after 5 s what it got no answer to; if this node has died by then, another shall take it.
const UNDER_WAY: Duration = Duration::from_secs(4);
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
    ) -> Result<Taken, BrokerError> {
        let note = format!("callback:{}", push.dedup_key());
        let broker = self.deeds.hub.broker();
        if !broker.note_once(&note, "under way", UNDER_WAY).await? {
            return Ok(Taken::Duplicate);
        }
        let say = match &push.kind {
            Kind::Scan { scene, ticket, .. } => {
                let ticket = ticket.clone().and_then(Ticket::new);
                let say = self
                    .scan(scene, ticket.as_ref(), &push.from, base_url, came)
                    .await?;
                Some(say)
            }
            Kind::Subscribe => Some(Say::Welcome),
            Kind::Text { content, .. } => {
                let occasion = push.dedup_key();
                self.sends
                    .hear(&push.from, content, occasion, base_url)
                    .await?
            }
            Kind::Unsubscribe => {
                self.deeds.shop.accounts.forget(&push.from).await?;
                None
            }
            Kind::TemplateJob { msg_id, status } => {
                self.sends.reported(*msg_id, *status).await?;
                None
            }
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
        came: Instant,
    ) -> Result<Say, BrokerError> {
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
        let say = match scanned {
            Scanned::Accepted { purpose, ticket } => {
                let uid = scene.parse().expect("it was accepted");
                let scan = Scan {
                    uid,
                    ticket: &ticket,
                    person,
                    base_url,
                    started: came,
                };
                self.accepted(purpose.as_ref(), &scan).await?
            }
            Scanned::Repeated => Say::ScannedBefore,
            Scanned::Used => Say::UsedByAnother,
            Scanned::Expired => Say::Expired,
            Scanned::Unknown | Scanned::Mismatch => Say::UnknownCode,
        };
        self.deeds
            .metrics
            .scans_total
            .with_label_values(&[label])
            .inc();
        Ok(say)
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
