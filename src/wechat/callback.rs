//! The gate that every callback passes: signature, mode, clock, cipher, XML, account; in this order.
//!
//! ```text
//! GET  /wechat?signature=…&timestamp=…&nonce=…&echostr=…                                    the console's URL check
//! POST /wechat?signature=…&timestamp=…&nonce=…[&encrypt_type=aes&msg_signature=…]&openid=…  a push
//! ```
//!
//! The mode is a setting of ours and never taken from the request. Otherwise somebody who once saw a query string
//! could post any plain body with it, because `signature` does not cover the body.
//! Source: the platform's pages 接入概述 and 消息加解密说明.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::wechat::cipher::{BadKey, Cipher, CipherError};
use crate::wechat::event::{Push, PushError};
use crate::wechat::query::Query;
use crate::wechat::refusal::Refusal;
use crate::wechat::reply::{self, Fresh, Reply};
use crate::wechat::signature;
use crate::wechat::xml;

/// How far a callback's timestamp may be from our clock, either way.
const CLOCK_SKEW_SECONDS: u64 = 300;
/// For how long after it was sent first a callback can be believed at most.
pub const BELIEVED: Duration = Duration::from_secs(2 * CLOCK_SKEW_SECONDS);

/// How the platform is set to send messages (消息加解密方式).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// 明文模式: plain bodies.
    Plain,
    /// 兼容模式: plain and encrypted in one body; only the encrypted part counts.
    Compat,
    /// 安全模式: encrypted bodies.
    Safe,
}

/// What the operator set at the platform's console, and the mode of it.
///
/// Of tokens and keys the first is the current one; further ones are accepted too, while they are being replaced.
#[derive(Clone, Default)]
pub struct Account {
    /// `wx` and 16 hex digits.
    pub app_id: String,
    /// `gh_` and 12 hex digits; pushes addressed to another account are refused if it is given.
    pub original_id: Option<String>,
    /// Callback tokens: 3 to 32 letters and digits each.
    pub tokens: Vec<String>,
    /// EncodingAESKeys: 43 characters each.
    pub aes_keys: Vec<String>,
}

/// The gate of one account.
#[derive(Clone)]
pub struct Gate {
    mode: Mode,
    original_id: Option<String>,
    tokens: Vec<String>,
    ciphers: Vec<Cipher>,
}

/// Why an account cannot have a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// No token, or an empty one: everybody could sign.
    #[error("there is no callback token")]
    NoToken,
    /// Compatible or safe mode without a key.
    #[error("the mode needs an EncodingAESKey")]
    NoKey,
    /// A key is not one.
    #[error("an EncodingAESKey cannot be used")]
    Key(#[from] BadKey),
}

impl Gate {
    /// Builds the gate of `account`.
    ///
    /// # Errors
    /// [`GateError`] without a token, without a key that the mode needs, or with a key that is not one.
    pub fn new(account: &Account, mode: Mode) -> Result<Gate, GateError> {
        if account.tokens.is_empty() || account.tokens.iter().any(String::is_empty) {
            return Err(GateError::NoToken);
        }
        if mode != Mode::Plain && account.aes_keys.is_empty() {
            return Err(GateError::NoKey);
        }
        let keys = account.aes_keys.iter();
        Ok(Gate {
            mode,
            original_id: account.original_id.clone(),
            tokens: account.tokens.clone(),
            ciphers: keys
                .map(|key| Cipher::new(key, &account.app_id))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Answers the console's URL check: the `echostr` to send back, as `text/plain` and without a byte more.
    ///
    /// The check is plain in every mode, and its timestamp is not held against the clock.
    ///
    /// # Errors
    /// [`Refusal`]; the caller then must not echo.
    pub fn check_url(&self, raw_query: &str) -> Result<String, Refusal> {
        let query = Query::parse(raw_query)?;
        self.expect_signature(&query)?;
        Ok(parameter(&query, "echostr")?.to_owned())
    }

    /// Opens a push. `now_unix` is our clock in unix seconds.
    ///
    /// # Errors
    /// [`Refusal`]; nothing of the push may then have an effect.
    pub fn open(&self, raw_query: &str, body: &[u8], now_unix: u64) -> Result<Push, Refusal> {
        let push = Push::parse(&self.unseal(raw_query, body, now_unix)?)?;
        match &self.original_id {
            Some(ours) if *ours != push.to => Err(Refusal::WrongAccount),
            _ => Ok(push),
        }
    }

    /// Everything of [`Gate::open`] but reading the message: the verified plain XML.
    ///
    /// # Errors
    /// [`Refusal`]; nothing of the push may then have an effect.
    pub fn unseal<'b>(
        &self,
        raw_query: &str,
        body: &'b [u8],
        now_unix: u64,
    ) -> Result<Cow<'b, [u8]>, Refusal> {
        let query = Query::parse(raw_query)?;
        let encrypted = match query.get("encrypt_type") {
            None | Some("" | "raw") => false,
            Some("aes") => true,
            Some(_) => return Err(Refusal::UnknownEncryptType),
        };
        match (self.mode, encrypted) {
            (Mode::Plain, true) => Err(Refusal::ModeMismatch),
            (Mode::Compat | Mode::Safe, false) => Err(Refusal::PlaintextRefused),
            (Mode::Plain, false) => {
                self.expect_signature(&query)?;
                expect_fresh(&query, now_unix)?;
                Ok(Cow::Borrowed(body))
            }
            (Mode::Compat | Mode::Safe, true) => Ok(Cow::Owned(
                self.decrypt(&query, body, now_unix)?.into_bytes(),
            )),
        }
    }

    /// The body that answers `push` with `reply`: `success`, or XML that is encrypted unless the mode is plain.
    pub fn seal(&self, reply: &Reply, push: &Push, fresh: Fresh<'_>) -> String {
        let Some(xml) = reply.render(push.from.as_str(), &push.to, fresh.now_unix) else {
            return reply::SUCCESS.to_owned();
        };
        match (self.mode, self.ciphers.first(), self.tokens.first()) {
            (Mode::Compat | Mode::Safe, Some(cipher), Some(token)) => {
                reply::envelope(&xml, cipher, token, fresh)
            }
            _ => xml,
        }
    }

    fn decrypt(&self, query: &Query, body: &[u8], now_unix: u64) -> Result<String, Refusal> {
        let presented = parameter(query, "msg_signature")?;
        let timestamp = parameter(query, "timestamp")?;
        let nonce = parameter(query, "nonce")?;
        let fields = xml::fields(body).map_err(PushError::Xml)?;
        let encrypt = fields.get("Encrypt").filter(|text| !text.is_empty());
        let encrypt = encrypt.ok_or(Refusal::MissingEncrypt)?;
        self.expect_token(&[timestamp, nonce, encrypt], presented)?;
        expect_fresh(query, now_unix)?;
        // The padding tells a wrong key from the right one, or else the app id does.
        let mut refusal = CipherError::BadPadding;
        for cipher in &self.ciphers {
            match cipher.decrypt(encrypt) {
                Ok(text) => return Ok(text),
                Err(error) => refusal = error,
            }
        }
        Err(refusal.into())
    }

    fn expect_signature(&self, query: &Query) -> Result<(), Refusal> {
        let presented = parameter(query, "signature")?;
        let timestamp = parameter(query, "timestamp")?;
        let nonce = parameter(query, "nonce")?;
        self.expect_token(&[timestamp, nonce], presented)
    }

    /// Some token of ours signs `parts` as `presented`.
    fn expect_token(&self, parts: &[&str], presented: &str) -> Result<(), Refusal> {
        let signs = |token: &String| {
            let mut signed = parts.to_vec();
            signed.push(token);
            signature::matches(&signed, presented)
        };
        if self.tokens.iter().any(signs) {
            Ok(())
        } else {
            Err(Refusal::BadSignature)
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("mode", &self.mode)
            .field("original_id", &self.original_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("app_id", &self.app_id)
            .field("original_id", &self.original_id)
            .finish_non_exhaustive()
    }
}

fn parameter<'q>(query: &'q Query, name: &'static str) -> Result<&'q str, Refusal> {
    query.get(name).ok_or(Refusal::MissingParameter(name))
}

/// A replay is only worth something while the platform's own repetitions still come.
fn expect_fresh(query: &Query, now_unix: u64) -> Result<(), Refusal> {
    let stamp: u64 = parameter(query, "timestamp")?
        .parse()
        .map_err(|_| Refusal::Stale)?;
    if stamp.abs_diff(now_unix) > CLOCK_SKEW_SECONDS {
        return Err(Refusal::Stale);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 2] = [
        "S3vy4z81mdPZQ7LawD7ljvJXSgmo4hL5uKkFZe52kJT",
        "LV6jJgYNr08WudgyPOtYNAmiGudjUFQ7Aygw4FW9424",
    ];
    const PUSH: &str = "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName>\
        <CreateTime>7</CreateTime><MsgType>text</MsgType><Content>hi</Content></xml>";

    fn account(tokens: &[&str], keys: &[&str]) -> Account {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Account {
            app_id: "wx1".to_owned(),
            original_id: None,
            tokens: owned(tokens),
            aes_keys: owned(keys),
        }
    }

    /// The query and body of an encrypted push at 1000 s.
    fn push_with(token: &str, key: &str) -> (String, String) {
        let encrypt = Cipher::new(key, "wx1").unwrap().encrypt(PUSH, [1; 16]);
        let signature = signature::sign(&[token, "1000", "n", &encrypt]);
        let body = format!("<xml><Encrypt>{encrypt}</Encrypt></xml>");
        let query =
            format!("encrypt_type=aes&timestamp=1000&nonce=n&msg_signature={signature}&openid=o2");
        (query, body)
    }

    #[test]
    fn an_old_token_and_an_old_key_still_open() {
        let gate = Gate::new(&account(&["new", "old"], &KEYS), Mode::Safe).unwrap();
        for (token, key) in [("new", KEYS[0]), ("old", KEYS[1]), ("old", KEYS[0])] {
            let (query, body) = push_with(token, key);
            assert_eq!(
                gate.open(&query, body.as_bytes(), 1300)
                    .unwrap()
                    .from
                    .as_str(),
                "o1"
            );
        }
        let (query, body) = push_with("older", KEYS[0]);
        let refusal = gate.open(&query, body.as_bytes(), 1300).unwrap_err();
        assert_eq!((refusal.status(), refusal.label()), (403, "bad_signature"));
    }

    #[test]
    fn the_clock_may_be_300_seconds_off() {
        let gate = Gate::new(&account(&["t"], &KEYS), Mode::Compat).unwrap();
        let (query, body) = push_with("t", KEYS[0]);
        for (now, fresh) in [(699, false), (700, true), (1300, true), (1301, false)] {
            assert_eq!(gate.open(&query, body.as_bytes(), now).is_ok(), fresh);
        }
    }

    #[test]
    fn a_sealed_reply_is_signed_and_opens_with_the_first_key() {
        let gate = Gate::new(&account(&["t"], &KEYS), Mode::Safe).unwrap();
        let push = Push::parse(PUSH.as_bytes()).unwrap();
        let fresh = Fresh {
            now_unix: 1000,
            nonce: "n",
            random: [2; 16],
        };
        assert_eq!(gate.seal(&Reply::Success, &push, fresh), "success");
        let sealed = gate.seal(&Reply::Text("ok".to_owned()), &push, fresh);
        let fields = xml::fields(sealed.as_bytes()).unwrap();
        let signature = fields.get("MsgSignature").unwrap();
        let query = format!("encrypt_type=aes&timestamp=1000&nonce=n&msg_signature={signature}");
        let echo = gate.open(&query, sealed.as_bytes(), 1000).unwrap();
        assert_eq!((echo.to.as_str(), echo.from.as_str()), ("o1", "gh_1"));
    }

    #[test]
    fn an_account_that_everybody_could_sign_for_has_no_gate() {
        let refused = |tokens: &[&str], keys: &[&str], mode| {
            Gate::new(&account(tokens, keys), mode).unwrap_err()
        };
        assert_eq!(refused(&[], &[], Mode::Plain), GateError::NoToken);
        assert_eq!(refused(&["t", ""], &[], Mode::Plain), GateError::NoToken);
        assert_eq!(refused(&["t"], &[], Mode::Safe), GateError::NoKey);
        assert_eq!(
            refused(&["t"], &["short"], Mode::Plain),
            GateError::Key(BadKey)
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let account = account(&["hushtoken"], &KEYS);
        let gate = Gate::new(&account, Mode::Safe).unwrap();
        let shown = format!("{account:?} {gate:?}");
        assert!(!shown.contains("hush") && !shown.contains(KEYS[0]));
    }
}
