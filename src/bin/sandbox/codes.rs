//! The codes that were made: the newest thousand.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::random;

/// Codes kept; older ones are forgotten.
const KEPT: usize = 1000;

/// A parametric QR code.
#[derive(Clone)]
pub struct Code {
    /// The last part of its url.
    pub id: String,
    /// Its name at the platform.
    pub ticket: String,
    /// What its picture encodes: the sandbox's own page for it.
    pub url: String,
    /// What a scan reports, always text.
    pub scene: String,
    /// When it was made, unix seconds.
    pub created_at: u64,
    /// How long it lives; `None` for ever.
    pub expire_seconds: Option<u32>,
    /// How often it was scanned.
    pub scans: u32,
}

/// The codes, oldest first.
#[derive(Default)]
pub struct Codes {
    codes: VecDeque<Code>,
}

impl Code {
    /// Whether it can no longer be scanned at `now`, unix seconds.
    pub fn is_expired(&self, now: u64) -> bool {
        self.expires_at().is_some_and(|end| end <= now)
    }

    /// When it ends, unix seconds.
    pub fn expires_at(&self) -> Option<u64> {
        let life = self.expire_seconds?;
        Some(self.created_at + u64::from(life))
    }
}

impl Codes {
    /// Makes a code for `scene` whose url is below `base`.
    pub fn issue(
        &mut self,
        scene: String,
        expire_seconds: Option<u32>,
        base: &str,
        now: u64,
    ) -> Code {
        let id = random::word::<22>();
        let url = format!("{base}/q/{id}");
        let code = Code {
            ticket: ticket(&url, now, expire_seconds.unwrap_or(0)),
            id,
            url,
            scene,
            created_at: now,
            expire_seconds,
            scans: 0,
        };
        if self.codes.len() == KEPT {
            self.codes.pop_front();
        }
        self.codes.push_back(code.clone());
        code
    }

    /// The newest code for which `wanted` holds.
    pub fn find(&mut self, wanted: impl Fn(&Code) -> bool) -> Option<&mut Code> {
        self.codes.iter_mut().rev().find(|code| wanted(code))
    }

    /// All codes, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Code> {
        self.codes.iter().rev()
    }
}

/// A ticket in the platform's shape: base64 of a small record with the url, the time and the life, so that it starts
/// with `gQ` and is about a hundred characters long. As public as the picture.
pub fn ticket(url: &str, now: u64, expire_seconds: u32) -> String {
    let [a, b, c] = random::bytes();
    let time = u32::try_from(now).unwrap_or(u32::MAX);
    let length = u8::try_from(url.len()).unwrap_or(u8::MAX);
    let mut record = vec![0x81, a & 15, b, c, 0x3c, 0, 0, 0, 0, 0, 0, 0, 0, 1, length];
    record.extend_from_slice(url.as_bytes());
    record.extend_from_slice(&[0, 2, 4]);
    record.extend_from_slice(&time.to_le_bytes());
    record.extend_from_slice(&[3, 4]);
    record.extend_from_slice(&expire_seconds.to_le_bytes());
    STANDARD.encode(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_thousand_are_kept() {
        let mut codes = Codes::default();
        for scene in 0..1001 {
            codes.issue(scene.to_string(), Some(60), "http://x", 0);
        }
        assert_eq!(codes.newest().count(), 1000);
        assert_eq!(codes.newest().next().unwrap().scene, "1000");
        assert!(codes.find(|code| code.scene == "0").is_none());
    }

    #[test]
    fn a_ticket_has_the_shape_of_a_ticket() {
        let ticket = ticket("http://127.0.0.1:2130/q/0123456789012345678901", 7, 120);
        assert!(ticket.starts_with("gQ") && ticket.len() < 512, "{ticket}");
    }

    #[test]
    fn a_code_ends_with_its_last_second() {
        let mut codes = Codes::default();
        let code = codes.issue("1".to_owned(), Some(60), "http://x", 100);
        assert!(!code.is_expired(159) && code.is_expired(160));
        let for_ever = codes.issue("1".to_owned(), None, "http://x", 100);
        assert!(!for_ever.is_expired(u64::MAX));
    }
}
