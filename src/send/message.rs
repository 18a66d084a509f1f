//! A message on record, and how far it has come.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::broker::{Broker, BrokerError};
use crate::clock::unix_time;
use crate::records::{self, Document};

/// A message, kept for as long as its page is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who gets it.
    pub openid: String,
    /// The hash of the send token that it came by.
    pub token_id: String,
    /// Its title.
    pub text: String,
    /// Its text, Markdown.
    pub desp: String,
    /// Its page.
    pub url: String,
    /// When it was taken, unix seconds.
    pub since: u64,
    /// When its page ends, unix seconds.
    pub until: u64,
    /// How far it has come.
    pub state: State,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// On its way to the platform.
    Queued,
    /// The platform has taken it.
    Sent {
        /// Its number there, which the report of its delivery names.
        msg_id: u64,
    },
    /// The platform says that it arrived.
    Delivered,
    /// It did not arrive, and never will.
    Failed {
        /// Why.
        reason: Reason,
    },
}

/// Why a message failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its token was revoked or renewed, or the person left, before it was sent.
    Revoked,
    /// The person does not follow the account.
    NotFollowing,
    /// The person takes no messages.
    Refused,
    /// The platform refuses the template or what stands in it.
    Settings,
    /// The platform's quota is used up.
    Quota,
    /// The platform could not be reached, or was busy, for too long.
    Unreachable,
    /// The platform failed otherwise.
    Wechat,
}

impl State {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Sent { .. } => "sent",
            State::Delivered => "delivered",
            State::Failed { .. } => "failed",
        }
    }

    /// Why it failed, if it has.
    pub fn reason(self) -> Option<Reason> {
        match self {
            State::Failed { reason } => Some(reason),
            State::Queued | State::Sent { .. } | State::Delivered => None,
        }
    }

    /// The metric's label.
    pub(super) fn label(self) -> &'static str {
        self.reason().map_or(self.word(), Reason::word)
    }
}

impl Reason {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Revoked => "revoked",
            Reason::NotFollowing => "not_following",
            Reason::Refused => "refused",
            Reason::Settings => "settings",
            Reason::Quota => "quota",
            Reason::Unreachable => "unreachable",
            Reason::Wechat => "wechat",
        }
    }
}

impl Document for Message {
    const KIND: &'static str = "message";

    fn life(&self) -> Option<Duration> {
        let left = self.until.saturating_sub(unix_time().as_secs());
        Some(Duration::from_secs(left.max(1)))
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("since", &self.since)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The message with this id, while its page is shown.
pub async fn message(broker: &Broker, id: &str) -> Result<Option<Message>, BrokerError> {
    if !is_id(id) {
        return Ok(None);
    }
    let message: Option<Message> = records::read(broker, id).await?;
    Ok(message.filter(|message| message.until > unix_time().as_secs()))
}

/// 32 hexadecimal digits: nobody chooses the name of a record.
fn is_id(id: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    id.len() == 32 && id.bytes().all(digit)
}

/// What is known of one number of the platform's: the message that got it, and how it fared. The
/// report may be here before the message knows its number; whoever comes second joins the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    pub message: Option<String>,
    pub state: Option<State>,
}

impl Document for Report {
    const KIND: &'static str = "msgid";

    fn life(&self) -> Option<Duration> {
        const DAYS: Duration = Duration::from_secs(3 * 24 * 3600);
        // A report for which there is no message is of another program of the same account.
        const MINUTES: Duration = Duration::from_secs(600);
        Some(if self.message.is_some() {
            DAYS
        } else {
            MINUTES
        })
    }
}
