//! One confirmation, on record from the scan until an hour after it was decided.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::records::Document;
use crate::session::{Purpose, Ticket, Uid};
use crate::wechat::openid::OpenId;

/// A scan that waits for its person's word, or has it. Printed by nobody: ticket and openid are in
/// it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Confirmation {
    /// The session that was scanned…
    pub(super) uid: Uid,
    /// …and the ticket of its code.
    pub(super) ticket: String,
    /// What the code stands for.
    #[serde(with = "as_text")]
    pub purpose: Purpose,
    pub(super) openid: String,
    pub(super) base_url: String,
    /// When it was scanned, by the platform's clock, in unix seconds.
    #[serde(default)]
    pub(super) happened: u64,
    /// The site's name.
    pub site: String,
    /// The number that the page shows.
    pub(super) number: u8,
    /// The numbers to choose from, in the order in which they are shown.
    pub choices: [u8; 3],
    /// When it was scanned, since 1970.
    pub asked: Duration,
    /// When its time is over, since 1970.
    pub(super) ends: Duration,
    /// How it stands.
    pub standing: Standing,
    /// Whether what was decided has been carried out.
    pub(super) done: bool,
    /// What the action had to say to the person, in the operator's language.
    pub said: Option<String>,
}

/// How a confirmation stands. It leaves `Waiting` once, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// For the person's word.
    Waiting,
    /// The right number was chosen.
    Confirmed,
    /// The person declined, or chose a wrong number.
    Declined,
    /// Nothing was chosen in time.
    Expired,
}

impl Document for Confirmation {
    const KIND: &'static str = "confirmation";
    /// Whoever opens the link again is told what became of it.
    const LIFE: Option<Duration> = Some(Duration::from_secs(3600));
}

impl Confirmation {
    pub(super) fn ticket(&self) -> Ticket {
        Ticket::new(self.ticket.as_str()).expect("it was one when it was written")
    }

    pub(super) fn person(&self) -> OpenId {
        OpenId::new(self.openid.as_str())
    }

    /// For how long it can still be decided; None where that time is over, or it has been.
    pub(super) fn remaining(&self, now: Duration) -> Option<Duration> {
        let waits = self.standing == Standing::Waiting;
        let left = self.ends.saturating_sub(now);
        (waits && !left.is_zero()).then_some(left)
    }
}

/// Words that know their own text form.
mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<T: Display, S: Serializer>(word: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(word)
    }

    pub fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let text = String::deserialize(from)?;
        let strange = |_| de::Error::custom("not a word of ours");
        text.parse().map_err(strange)
    }
}
