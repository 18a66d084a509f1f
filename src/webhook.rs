//! The signature of Standard Webhooks: HMAC-SHA-256 over id, time and body, in base64.
//!
//! ```text
//! webhook-id: 5f0c…                    the same at each attempt
//! webhook-timestamp: 1795383429        unix seconds of this attempt
//! webhook-signature: v1,K5oZ…          several with a space between, while keys are replaced
//! ```
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What signs.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

/// What begins a secret that is written in base64.
const PREFIX: &str = "whsec_";

impl SigningKey {
    /// The key that a secret stands for: behind `whsec_` in base64, else the text itself. None
    /// where that is no base64.
    pub fn new(secret: &str) -> Option<Self> {
        let key = match secret.strip_prefix(PREFIX) {
            Some(key) => STANDARD.decode(key).ok()?,
            None => secret.as_bytes().to_vec(),
        };
        Some(Self(key))
    }

    /// Its length in bytes.
    pub fn size_bytes(&self) -> usize {
        self.0.len()
    }

    /// The signature of a request, `v1,` included.
    pub fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length will do");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_the_worked_example() {
        // Of the reference implementation's tests.
        let key = SigningKey::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_plain_text_is_a_key_as_it_stands() {
        let plain = SigningKey::new("MfKQ9r8G").unwrap();
        assert_eq!(plain.size_bytes(), 8);
        assert_eq!(SigningKey::new("whsec_MfKQ9r8G").unwrap().size_bytes(), 6);
        assert!(SigningKey::new("whsec_*").is_none());
        assert_eq!(format!("{plain:?}"), "…");
    }
}
