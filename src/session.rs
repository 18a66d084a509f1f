//! The words of a scan session: who it is (uid), what proves it (ticket, key), what it is
//! for (action) and how far it has come (state).

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use subtle::ConstantTimeEq;

mod json;
mod mark;
mod purpose;
mod refusal;

pub use mark::Mark;
pub use purpose::{Action, Purpose, SiteAccount};
pub use refusal::Refusal;

/// The public number of a scan session, and the scene id of its code: 1..=4294967295.
///
/// ```
/// use scangate::session::Uid;
/// assert_eq!("1735536450".parse::<Uid>().unwrap().get(), 1_735_536_450);
/// assert!("0".parse::<Uid>().is_err());
/// assert!("0123".parse::<Uid>().is_err(), "padded");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(NonZeroU32);

/// What was offered is not a uid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a uid is a whole number in 1..=4294967295")]
pub struct NotAUid;

impl Uid {
    /// Issued uids stay in the range of the original: `rand(1,4294967200)`.
    const LARGEST_ISSUED: u32 = 4_294_967_200;

    /// A uid to issue, from a uniformly random number.
    pub fn issued(random: u32) -> Self {
        let number = random % Self::LARGEST_ISSUED + 1;
        Self(NonZeroU32::new(number).expect("one was added"))
    }

    /// The number itself.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl FromStr for Uid {
    type Err = NotAUid;

    /// Plain decimal digits, neither padded nor signed.
    fn from_str(text: &str) -> Result<Self, NotAUid> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if !plain {
            return Err(NotAUid);
        }
        text.parse().map(Self).map_err(|_| NotAUid)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The ticket of a session's code: 1..=512 bytes, compared in constant time.
#[derive(Clone)]
pub struct Ticket(Box<str>);

impl Ticket {
    /// The longest ticket accepted, in bytes.
    pub const MAX_BYTES: usize = 512;

    /// None where the text is empty or too long.
    pub fn new(text: impl Into<Box<str>>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty() && text.len() <= Self::MAX_BYTES).then_some(Self(text))
    }

    /// The whole ticket: for the wire, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Ticket {}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The secret of the one browser that asked for the code: 128 random bits, on the wire as
/// 32 hexadecimal digits.
#[derive(Clone, Copy)]
pub struct Key([u8; 16]);

impl Key {
    /// A key from 16 bytes of a cryptographic random source.
    pub fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// The 32 digits: for the wire, never for a log.
    pub fn expose(&self) -> String {
        hex(&self.0)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(());
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = (pair[0] as char).to_digit(16).ok_or(())?;
            let low = (pair[1] as char).to_digit(16).ok_or(())?;
            *byte = (high << 4 | low) as u8;
        }
        Ok(Self(bytes))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The code can be scanned.
    Waiting,
    /// Somebody scanned it; the action is under way.
    Scanned,
    /// Somebody scanned it, and is asked to confirm that. This and the next two no broker keeps: the
    /// record of the confirmation tells them.
    Confirming,
    /// It was confirmed; the action is under way.
    Confirmed,
    /// It was declined.
    Declined,
    /// The action's result was published.
    Done,
    /// The code ran out unscanned, or was scanned and not confirmed in time. The session itself lives
    /// on for its grace.
    Expired,
}

/// The id of an event within its session. Ids grow; pages compare them for equality only.
///
/// On the wire `MILLISECONDS-SEQUENCE`, the form of a Redis stream id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventId {
    /// Unix time in milliseconds at which the broker accepted the event.
    pub millis: u64,
    /// Counts events of one millisecond from 0.
    pub sequence: u64,
}

impl EventId {
    /// Before every event.
    pub const START: EventId = EventId {
        millis: 0,
        sequence: 0,
    };

    /// The id of an event accepted at `now_millis`, after `self`, even where the clock stepped back.
    pub fn next(self, now_millis: u64) -> EventId {
        if now_millis > self.millis {
            EventId {
                millis: now_millis,
                sequence: 0,
            }
        } else {
            EventId {
                millis: self.millis,
                sequence: self.sequence + 1,
            }
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

impl FromStr for EventId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = || {
            let (millis, sequence) = text.split_once('-')?;
            Some(EventId {
                millis: millis.parse().ok()?,
                sequence: sequence.parse().ok()?,
            })
        };
        // Neither signed nor padded: one id has one form.
        id().filter(|id| id.to_string() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_plain_whole_number() {
        for good in ["1", "42", "4294967295"] {
            assert_eq!(good.parse::<Uid>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "0",
            "00",
            "01",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "4294967296",
            "x",
        ] {
            assert_eq!(bad.parse::<Uid>(), Err(NotAUid), "{bad:?}");
        }
    }

    #[test]
    fn issued_uids_stay_in_the_range_of_the_original() {
        assert_eq!(Uid::issued(0).get(), 1);
        assert_eq!(Uid::issued(u32::MAX).get(), u32::MAX % 4_294_967_200 + 1);
        assert_eq!(Uid::issued(4_294_967_199).get(), 4_294_967_200);
    }

    #[test]
    fn a_ticket_has_bounds_and_hides_itself() {
        assert!(Ticket::new("").is_none());
        assert!(Ticket::new("x".repeat(513)).is_none());
        let ticket = Ticket::new("gQH47zwAAAA").unwrap();
        assert_eq!(format!("{ticket:?}"), "…");
        assert_eq!(ticket, Ticket::new("gQH47zwAAAA").unwrap());
        assert_ne!(ticket, Ticket::new("gQH47zwAAAB").unwrap());
    }

    #[test]
    fn a_key_survives_the_wire() {
        let key = Key::new(*b"0123456789abcdef");
        assert_eq!(key.expose().parse::<Key>(), Ok(key));
        assert!("zz".repeat(16).parse::<Key>().is_err());
        assert!("00".repeat(15).parse::<Key>().is_err());
        assert!("é".repeat(16).parse::<Key>().is_err());
    }

    #[test]
    fn event_ids_grow_even_when_the_clock_does_not() {
        let first = EventId::START.next(1000);
        let second = first.next(1000);
        let third = second.next(10);
        assert!(EventId::START < first && first < second && second < third);
        assert_eq!(third.to_string().parse(), Ok(third));
        for bad in ["", "1", "-", "1-", "a-b", "1-2-3", "+1-1", "01-1"] {
            assert!(bad.parse::<EventId>().is_err(), "{bad:?}");
        }
    }
}
