//! The platform's signature: SHA-1 over the sorted parts, as 40 lower-case hex digits.
//!
//! Over token, timestamp and nonce it is `signature`; with the `Encrypt` text as a fourth part it is
//! `msg_signature`, the only one of the two that covers the body.

use std::fmt::Write;

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// Length of a signature: 40 hex digits.
const HEX_LENGTH: usize = 40;

/// Signs `parts`: sorts them by byte value, joins them with nothing between, and hashes.
///
/// ```
/// // The worked example of the platform's documentation.
/// let hex = scangate::wechat::signature::sign(&["AAAAA", "1714036504", "1514711492"]);
/// assert_eq!(hex, "f464b24fc39322e44b38aa78f5edd27bd1441696");
/// ```
pub fn sign(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    let mut sha1 = Sha1::new();
    for part in sorted {
        sha1.update(part);
    }
    hex(&sha1.finalize())
}

/// Whether `presented` is the signature of `parts`.
///
/// Anything but 40 lower-case hex digits is refused; the comparison takes the same time wherever it fails.
pub fn matches(parts: &[&str], presented: &str) -> bool {
    let well_formed = presented.len() == HEX_LENGTH
        && presented
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    well_formed && bool::from(sign(parts).as_bytes().ct_eq(presented.as_bytes()))
}

/// `bytes` as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_parts_does_not_matter() {
        assert_eq!(sign(&["b", "a", "c"]), sign(&["c", "b", "a"]));
    }

    #[test]
    fn only_forty_lower_case_digits_can_match() {
        let good = sign(&["token", "1", "2"]);
        assert!(matches(&["2", "token", "1"], &good));
        assert!(!matches(&["2", "token", "1"], &good.to_uppercase()));
        assert!(!matches(&["2", "token", "1"], &good[..39]));
        assert!(!matches(&["2", "token", "1"], &format!("{good}0")));
        assert!(!matches(&["2", "token", "1"], ""));
    }
}
