//! What a code stands for, done once its scan is verified: one file an action.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::time::Instant;

use crate::accounts::{self, Accounts};
use crate::bonds::Bonds;
use crate::broker::{Broker, BrokerError};
use crate::points::Points;
use crate::session::{Action, Purpose, Refusal, SiteAccount, Ticket, Uid, hex};
use crate::texts::Say;
use crate::wechat::openid::OpenId;

mod bind;
pub mod login;
mod points;
mod token;
mod unbind;

/// What actions work with.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Persons.
    pub accounts: Arc<Accounts>,
    /// Which person an account of the site belongs to.
    pub bonds: Bonds,
    /// Balances.
    pub points: Points,
    /// Notes.
    pub broker: Broker,
    /// How long a login token waits to be verified.
    pub login_token_life: Duration,
}

/// A verified scan.
#[derive(Debug)]
pub struct Scan<'a> {
    /// Which session.
    pub uid: Uid,
    /// The ticket on record.
    pub ticket: &'a Ticket,
    /// Who scanned.
    pub person: &'a OpenId,
    /// The base URL by which people reach this gateway.
    pub base_url: &'a str,
    /// When it was, by the platform's clock, in unix seconds.
    pub happened: u64,
    /// When we were asked: the chat waits for our answer since then.
    pub started: Instant,
}

/// What came of an action, well or not.
#[derive(Debug)]
pub struct Outcome {
    /// The JSON event for the page.
    pub event: Bytes,
    /// What the person hears in the chat.
    pub say: Say,
}

impl Outcome {
    /// Its metric label.
    pub fn result(&self) -> &'static str {
        match self.say {
            Say::Refused(_) => "refused",
            _ => "done",
        }
    }
}

/// Does what the code stands for. A scan whose callback comes again before it is settled runs its
/// action again: each must bear that.
pub async fn run(
    purpose: &Purpose,
    scan: &Scan<'_>,
    shop: &Workshop,
) -> Result<Outcome, BrokerError> {
    let account = || -> &SiteAccount {
        let account = purpose.account.as_ref();
        account.expect("a purpose has an account where its action needs one")
    };
    let event = match purpose.action {
        Action::Token => token::run(scan, shop).await?,
        Action::Renew => token::renew(scan, shop).await?,
        Action::Login => login::run(scan, shop).await?,
        Action::Bind => return bind::run(account(), scan, shop).await,
        Action::Unbind => return unbind::run(account(), scan, shop).await,
        Action::Points => return points::run(account(), scan, shop).await,
    };
    let say = Say::Scanned(Some(purpose.action));
    Ok(Outcome { event, say })
}

impl Scan<'_> {
    /// Names the scan in what it has changed: a repetition of its callback has the same id.
    fn id(&self) -> String {
        let ticket = accounts::hash(self.ticket.expose().as_bytes());
        format!("{}-{}", self.uid, hex(&ticket[..16]))
    }
}

/// The event that tells of the scan itself: `{"uid":U,"ticket":"T","cmd":"scan"}`.
pub fn scanned(scan: &Scan<'_>) -> Bytes {
    told(scan, "scan")
}

/// An event that is one word: `{"uid":U,"ticket":"T","cmd":"…"}`.
pub fn told(scan: &Scan<'_>, cmd: &'static str) -> Bytes {
    #[derive(Serialize)]
    struct Told {
        cmd: &'static str,
    }
    event(scan, Told { cmd })
}

/// The event that tells that the action failed or refused the scan:
/// `{"uid":U,"ticket":"T","cmd":"refused","code":"…"}`.
pub fn refused(scan: &Scan<'_>, code: &'static str) -> Bytes {
    #[derive(Serialize)]
    struct Refused {
        cmd: &'static str,
        code: &'static str,
    }
    event(
        scan,
        Refused {
            cmd: "refused",
            code,
        },
    )
}

/// The outcome of an action that refuses the scan.
fn refuse(scan: &Scan<'_>, refusal: Refusal) -> Outcome {
    Outcome {
        event: refused(scan, refusal.code()),
        say: Say::Refused(refusal),
    }
}

/// An event of the gateway's own: uid and ticket first, as in the original, then `rest`.
pub fn event(scan: &Scan<'_>, rest: impl Serialize) -> Bytes {
    #[derive(Serialize)]
    struct Event<'a, R> {
        uid: u32,
        ticket: &'a str,
        #[serde(flatten)]
        rest: R,
    }
    let event = Event {
        uid: scan.uid.get(),
        ticket: scan.ticket.expose(),
        rest,
    };
    Bytes::from(serde_json::to_vec(&event).expect("plain data"))
}
