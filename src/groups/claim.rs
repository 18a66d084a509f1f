//! A claim to groups, signed by the operator's backend and presented by the page in its bind.
//!
//! ```text
//! "join":"PAYLOAD.SIGNATURE"
//! PAYLOAD    base64url without padding of {"uid":1735536450,"groups":["room:7"],"exp":1795383429}
//! SIGNATURE  HMAC-SHA-256 of PAYLOAD as it stands there, with groups.secret; 64 hexadecimal digits
//! ```
//!
//! `exp` is the Unix second until which it may be presented; who has joined by then stays.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::{GroupName, join_session};
use crate::broker::{BrokerError, Joined};
use crate::config::Secret;
use crate::hub::Hub;
use crate::session::{Ticket, Uid};

/// Why a claim was not granted; the page is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not well formed, not signed with the secret, for another uid, or over.
    Claim,
    /// A group has no place left.
    Full,
    /// The broker is away: the page may bind again.
    Unavailable,
}

impl Refused {
    /// The code of the answer.
    pub fn code(self) -> &'static str {
        match self {
            Refused::Claim => "join_refused",
            Refused::Full => "group_full",
            Refused::Unavailable => "join_unavailable",
        }
    }

    /// One sentence for the page.
    pub fn message(self) -> &'static str {
        match self {
            Refused::Claim => "The claim to groups is not good, or no more.",
            Refused::Full => "A group has no place left.",
            Refused::Unavailable => "Joining is not possible at the moment; bind again.",
        }
    }
}

#[derive(Deserialize)]
struct Payload {
    uid: Uid,
    groups: Vec<String>,
    exp: u64,
}

/// Groups that one claim may name.
const MOST_GROUPS: usize = 16;

/// Verifies a claim for `uid`, and joins what it names.
pub async fn join(
    hub: &Hub,
    secret: Option<&Secret>,
    claim: &str,
    session: (Uid, &Ticket),
    now: Duration,
) -> Result<(), Refused> {
    let (uid, ticket) = session;
    let groups = secret.and_then(|secret| verify(secret, claim, uid, now));
    for group in groups.ok_or(Refused::Claim)? {
        match join_session(hub, &group, uid, ticket).await {
            Ok(Joined::Yes) => {}
            Ok(Joined::Full) => return Err(Refused::Full),
            Err(error) => return Err(unavailable(&error)),
        }
    }
    Ok(())
}

fn unavailable(error: &BrokerError) -> Refused {
    tracing::debug!(%error, "could not join groups");
    Refused::Unavailable
}

/// The groups that a claim names, if it is good at `now`, a Unix time.
fn verify(secret: &Secret, claim: &str, uid: Uid, now: Duration) -> Option<Vec<GroupName>> {
    let (payload, signature) = claim.split_once('.')?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("any length will do");
    mac.update(payload.as_bytes());
    mac.verify_slice(&unhex(signature)?).ok()?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let payload: Payload = serde_json::from_slice(&payload).ok()?;
    if payload.uid != uid || payload.exp <= now.as_secs() || payload.groups.len() > MOST_GROUPS {
        return None;
    }
    payload
        .groups
        .iter()
        .map(|name| GroupName::new(name))
        .collect()
}

/// 32 bytes from 64 hexadecimal digits.
fn unhex(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::hex;

    const NOW: Duration = Duration::from_secs(1_795_383_429);

    fn signed(payload: &str, secret: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(payload.as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        format!("{payload}.{signature}")
    }

    fn groups(claim: &str) -> Option<Vec<String>> {
        let secret = Secret::new("swordfish");
        let groups = verify(&secret, claim, "7".parse().unwrap(), NOW)?;
        Some(groups.iter().map(GroupName::to_string).collect())
    }

    #[test]
    fn a_good_claim_names_its_groups() {
        let payload = r#"{"uid":7,"groups":["a","room:7"],"exp":1795383430}"#;
        let claim = signed(payload, "swordfish");
        assert_eq!(groups(&claim).unwrap(), ["a", "room:7"]);
        // `php -r 'echo hash_hmac("sha256", "eyJ…", "swordfish");'` says the same.
        let known = "eyJ1aWQiOjcsImdyb3VwcyI6WyJhIl0sImV4cCI6OTk5OTk5OTk5OX0.ab21c793c5f9c499d60b315fc059078f2a08eb75d5ec59e2d7480c19badab36e";
        assert_eq!(groups(known).unwrap(), ["a"]);
    }

    #[test]
    fn whatever_is_wrong_grants_nothing() {
        let good = r#"{"uid":7,"groups":["a"],"exp":1795383430}"#;
        let wrong = |payload: &str| signed(payload, "swordfish");
        for claim in [
            signed(good, "swordfisj"),
            wrong(&good.replace('7', "8")),
            wrong(&good.replace("3430", "3429")),
            wrong(&good.replace("\"a\"", "\"a b\"")),
            wrong(&good.replace("\"a\"", &["\"a\""; 17].join(","))),
            wrong("{}"),
            wrong("nonsense"),
            wrong(good).replace('.', ""),
            wrong(good).to_uppercase(),
            wrong(good)[..80].to_owned(),
            format!("{}é", wrong(good)),
            String::new(),
            ".".to_owned(),
        ] {
            assert_eq!(groups(&claim), None, "{claim}");
        }
    }
}
