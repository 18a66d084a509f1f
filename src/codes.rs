//! Issues codes: a fresh uid, the platform's ticket for it, the browser's key, and all of it on
//! record.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::broker::{BrokerError, Issued, NewSession};
use crate::gateway::Gateway;
use crate::random;
use crate::session::{Key, Purpose, Ticket, Uid};
use crate::wechat::api::CallError;

/// What a page gets: `{"ticket":…,"expire_seconds":…,"uid":…,"key":…,"url":…}`.
#[derive(Serialize)]
pub struct Code {
    /// The ticket of the platform's code.
    pub ticket: String,
    /// How long it can be scanned, in seconds.
    pub expire_seconds: u64,
    /// The session.
    pub uid: u32,
    /// What the page must present when it binds; None where the ticket suffices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the code encodes; None for one that another system made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// No official account is configured.
    #[error("no official account is configured")]
    NotConfigured,
    /// The platform did not make one.
    #[error("the platform made no code")]
    Platform(#[from] CallError),
    /// It could not be put on record.
    #[error("the code could not be put on record")]
    Broker(#[from] BrokerError),
    /// The platform's ticket is longer than any we take, or empty.
    #[error("the platform's ticket is unusable")]
    BadTicket,
}

/// The platform makes no code that lives less than this; ours may end earlier all the same.
const SHORTEST_PLATFORM_LIFE: u64 = 60;

/// Tries to find a uid that is not taken: with a billion live ones, one in four fails.
const MOST_TRIES: usize = 8;

/// Issues a code.
pub async fn issue(gateway: &Arc<Gateway>, purpose: Purpose) -> Result<Code, IssueError> {
    let account = gateway.wechat.as_ref().ok_or(IssueError::NotConfigured)?;
    let life = gateway.config().session.life;
    for _ in 0..MOST_TRIES {
        let uid = Uid::issued(u32::from_le_bytes(random::bytes()));
        if gateway.hub.session(uid).await?.is_some() {
            continue;
        }
        let seconds = whole_seconds(life);
        let asked = seconds.max(SHORTEST_PLATFORM_LIFE);
        let code = account.api.make_code(uid, asked).await?;
        let key = Key::new(random::bytes());
        let session = NewSession {
            uid,
            ticket: Ticket::new(code.ticket.clone()).ok_or(IssueError::BadTicket)?,
            key: Some(key),
            purpose: Some(purpose.clone()),
            life,
        };
        // Another node may have issued the same uid while the platform made the code.
        if gateway.hub.issue(session).await? == Issued::Created {
            return Ok(Code {
                ticket: code.ticket,
                expire_seconds: code.expire_seconds.unwrap_or(seconds).min(seconds),
                uid: uid.get(),
                key: Some(key.expose()),
                url: Some(code.url),
            });
        }
    }
    Err(BrokerError::Unavailable.into())
}

/// A span in whole seconds, as the wire has it: rounded up, at least one.
pub fn whole_seconds(span: Duration) -> u64 {
    span.as_secs_f64().ceil().max(1.0) as u64
}
