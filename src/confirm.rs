//! Scans that count only once their person has confirmed them: the page shows a number, and the
//! person chooses it from three on a page inside WeChat, or declines.
//!
//! ```text
//! {"uid":U,"ticket":"T","cmd":"confirm","number":"42","expire_seconds":120}
//! {"uid":U,"ticket":"T","cmd":"confirmed"}      or "declined", or "expired"
//! ```
//!
//! The record of a [`Confirmation`] is the truth, decided by whoever writes it first. A job stands
//! behind it from the start, due at the end of its time: if the node that was asked dies, another
//! carries out what was decided.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::action::{self, Scan};
use crate::broker::{Broker, BrokerError, Enqueued, Queue, SessionView};
use crate::clock::unix_time;
use crate::config::{Confirm, Language, Secret};
use crate::deed::Deeds;
use crate::jobs::Jobs;
use crate::records::{self, Change};
use crate::session::{Purpose, State, Ticket, Uid};
use crate::texts::{Invitation, Say};
use crate::timeline::Moment;

mod challenge;
mod ending;
mod record;

use challenge::Challenge;
use ending::decide_once;
pub use record::{Confirmation, Standing};

/// The confirmations of one node.
#[derive(Debug)]
pub struct Confirmations {
    deeds: Arc<Deeds>,
    jobs: Arc<Jobs>,
    terms: Terms,
}

/// What the operator has settled.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Which actions, and for how long.
    pub rules: Confirm,
    /// The site's name; None for the host by which people reach us.
    pub site: Option<String>,
    /// The language of the chat.
    pub language: Language,
}

/// What the person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One of the numbers.
    Number(u8),
    /// That it was not them.
    Decline,
}

/// When another node looks at a decision that the node that took it should have carried out.
const SOON: Duration = Duration::from_secs(5);

impl Confirmations {
    /// Confirmations on these terms.
    pub fn new(deeds: Arc<Deeds>, terms: Terms) -> Arc<Self> {
        let jobs = Jobs::new(deeds.shop.broker.clone(), Queue::Confirmations);
        Arc::new(Self { deeds, jobs, terms })
    }

    /// Whether a scan for this has to be confirmed.
    pub fn are_for(&self, purpose: &Purpose) -> bool {
        self.terms.rules.actions.contains(&purpose.action)
    }

    /// Asks the person of a scan, and shows the page its number. However often and wherever it is
    /// called for a scan: there is one link, one number, one end.
    pub async fn ask(&self, purpose: &Purpose, scan: &Scan<'_>) -> Result<Say, BrokerError> {
        let drawn = self.challenge(scan.uid, scan.ticket).await?;
        let id = drawn.id();
        // First the job: without a record it does nothing.
        let life = self.terms.rules.life;
        if self.jobs.submit(&id, "", life).await? == Enqueued::Full {
            return Err(BrokerError::Unavailable);
        }
        let fresh = self.confirmation(purpose, scan, &drawn);
        let (asked, is_new) = records::change(self.broker(), &id, |known| match known {
            Some(known) => (Change::Keep, (known, false)),
            None => (Change::Write(fresh.clone()), (fresh.clone(), true)),
        })
        .await?;
        if asked.openid != scan.person.as_str() {
            // Only a broker that has lost a scan lets another person come second.
            return Ok(Say::UsedByAnother);
        }
        if is_new {
            self.count("asked");
            let timeline = self.deeds.hub.timeline();
            timeline.note_now(scan.uid, Moment::Asked);
        }
        if asked.standing != Standing::Waiting {
            return Ok(Say::ScannedBefore);
        }
        self.deeds
            .tell(scan, number_event(scan, drawn.number, life), "confirm")
            .await?;
        Ok(Say::Confirm(Invitation {
            site: asked.site,
            purpose: asked.purpose,
            at: asked.asked,
            link: Secret::new(format!("{}/confirm/{}", scan.base_url, drawn.token)),
        }))
    }

    /// What is on record under the secret of a link; None where nothing is. One that can no longer
    /// be decided is shown as expired. Changes nothing.
    pub async fn look(&self, token: &str) -> Result<Option<Confirmation>, BrokerError> {
        let Some(id) = challenge::id(token) else {
            return Ok(None);
        };
        let Some(mut known) = records::read::<Confirmation>(self.broker(), &id).await? else {
            return Ok(None);
        };
        if known.standing == Standing::Waiting && !self.can_be_decided(&known).await? {
            known.standing = Standing::Expired;
        }
        Ok(Some(known))
    }

    /// The state of a session, with how its confirmation stands where there is one.
    pub async fn state(&self, uid: Uid, view: &SessionView) -> Result<State, BrokerError> {
        let is_scanned = matches!(view.state, State::Scanned | State::Done);
        let purpose = view.purpose.as_ref();
        if !is_scanned || !purpose.is_some_and(|purpose| self.are_for(purpose)) {
            return Ok(view.state);
        }
        let drawn = self.challenge(uid, &view.ticket).await?;
        let known = records::read::<Confirmation>(self.broker(), &drawn.id()).await?;
        Ok(match known.map(|known| known.standing) {
            None => view.state,
            Some(Standing::Waiting) => State::Confirming,
            Some(Standing::Confirmed) if view.state == State::Done => State::Done,
            Some(Standing::Confirmed) => State::Confirmed,
            Some(Standing::Declined) => State::Declined,
            Some(Standing::Expired) => State::Expired,
        })
    }

    /// Takes the person's choice and carries it out. The first choice stands; a later one changes
    /// nothing. None where nothing is on record.
    pub async fn decide(
        &self,
        token: &str,
        choice: Choice,
    ) -> Result<Option<Confirmation>, BrokerError> {
        let Some(known) = self.look(token).await? else {
            return Ok(None);
        };
        if known.standing == Standing::Confirmed || known.standing == Standing::Declined {
            return Ok(Some(known));
        }
        let id = challenge::id(token).expect("something is on record under it");
        let (standing, label) = match (known.standing, choice) {
            (Standing::Waiting, Choice::Number(number)) if number == known.number => {
                (Standing::Confirmed, "confirmed")
            }
            (Standing::Waiting, Choice::Number(_)) => (Standing::Declined, "wrong_number"),
            (Standing::Waiting, Choice::Decline) => (Standing::Declined, "declined"),
            _ => (Standing::Expired, "expired"),
        };
        // If this node dies after the next step, another goes on from there.
        self.jobs.put_off(&id, SOON).await?;
        let decided =
            records::change(self.broker(), &id, |known| decide_once(known, standing)).await?;
        match decided {
            Some((decided, true)) => {
                self.count(label);
                self.note_decision(decided.uid, label);
                self.carry_out(&id, decided).await.map(Some)
            }
            Some((decided, false)) => Ok(Some(decided)),
            None => Ok(None),
        }
    }

    /// Whether its time is not over, and the session that it is about is still there.
    async fn can_be_decided(&self, known: &Confirmation) -> Result<bool, BrokerError> {
        if known.remaining(unix_time()).is_none() {
            return Ok(false);
        }
        let session = self.deeds.hub.session(known.uid).await?;
        Ok(session.is_some_and(|session| session.ticket == known.ticket()))
    }

    fn confirmation(&self, purpose: &Purpose, scan: &Scan<'_>, drawn: &Challenge) -> Confirmation {
        let asked = unix_time();
        let host = scan.base_url.split("://").nth(1).unwrap_or_default();
        let site = self.terms.site.as_deref().unwrap_or(host);
        Confirmation {
            uid: scan.uid,
            ticket: scan.ticket.expose().to_owned(),
            purpose: purpose.clone(),
            openid: scan.person.as_str().to_owned(),
            base_url: scan.base_url.to_owned(),
            happened: scan.happened,
            site: site.to_owned(),
            number: drawn.number,
            choices: drawn.choices,
            asked,
            ends: asked + self.terms.rules.life,
            standing: Standing::Waiting,
            done: false,
            said: None,
        }
    }

    /// What is drawn for a session: derived from the installation's secret, so that a scan whose
    /// callback comes twice, or to two nodes at once, has one link and one number.
    async fn challenge(&self, uid: Uid, ticket: &Ticket) -> Result<Challenge, BrokerError> {
        let accounts = &self.deeds.shop.accounts;
        let about = format!("{uid} {}", ticket.expose());
        let seed = accounts.secret_for("confirmation", &about).await?;
        Ok(Challenge::of(&seed))
    }

    fn broker(&self) -> &Broker {
        &self.deeds.shop.broker
    }

    fn note_decision(&self, uid: Uid, result: &'static str) {
        let result = result.into();
        let timeline = self.deeds.hub.timeline();
        timeline.note_now(uid, Moment::Decided { result });
    }

    fn count(&self, result: &str) {
        let total = &self.deeds.metrics.confirmations_total;
        total.with_label_values(&[result]).inc();
    }
}

fn number_event(scan: &Scan<'_>, number: u8, life: Duration) -> Bytes {
    #[derive(Serialize)]
    struct Number {
        cmd: &'static str,
        number: String,
        expire_seconds: u64,
    }
    let number = Number {
        cmd: "confirm",
        number: number.to_string(),
        expire_seconds: life.as_secs_f64().ceil() as u64,
    };
    action::event(scan, number)
}
