//! Which session of a uid something belongs to, where its ticket is not to be kept.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::{Ticket, Uid, hex};

/// Tells a session from every other, also of the same uid, and does not tell its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark([u8; 16]);

impl Mark {
    /// The mark of the session with this uid and ticket.
    pub fn of(uid: Uid, ticket: &Ticket) -> Self {
        let digest = Sha256::digest(format!("hook scan {uid} {}", ticket.expose()));
        let (mark, _) = digest.split_first_chunk().expect("32 bytes");
        Self(*mark)
    }
}

/// What was offered is no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mark is 32 hexadecimal digits")]
pub struct NotAMark;

impl FromStr for Mark {
    type Err = NotAMark;

    fn from_str(text: &str) -> Result<Self, NotAMark> {
        let number = u128::from_str_radix(text, 16).map_err(|_| NotAMark)?;
        let mark = Self(number.to_be_bytes());
        (mark.to_string() == text).then_some(mark).ok_or(NotAMark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_can_be_read_again_and_is_its_sessions_alone() {
        let [uid, other] = ["7", "71"].map(|uid| uid.parse().unwrap());
        let [ticket, another] = ["1 a", " a"].map(|ticket| Ticket::new(ticket).unwrap());
        let mark = Mark::of(uid, &ticket);
        assert_eq!(mark.to_string().parse(), Ok(mark));
        assert_ne!(mark, Mark::of(uid, &another));
        assert_ne!(mark, Mark::of(other, &ticket));
        for wrong in ["", "+f", "0123", &"g".repeat(32), &"F".repeat(32)] {
            assert_eq!(wrong.parse::<Mark>(), Err(NotAMark), "{wrong}");
        }
    }
}
