//! What the platform's API answers to our calls.
//!
//! ```text
//! {"access_token":"96_0w…","expires_in":7200}
//! {"errcode":40001,"errmsg":"invalid credential, … rid: 6b8bb5d4-7c3cbfcb-b1ea2f1b"}
//! ```
//!
//! The HTTP status is nearly always 200 and the content type may be anything: `errcode` alone decides. Source: the
//! platform's page 全局返回码, and the page of each call.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::wechat::endpoint::Endpoint;
use crate::wechat::fault::{Fault, Remedy};

/// An access token and how long it lives.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Up to 512 characters and more; travels in URLs, so URLs are not logged.
    pub token: String,
    /// From now; 300 s where the platform said nothing sensible.
    pub lifetime: Duration,
}

/// A parametric QR code.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// Names the code; the picture is fetched with it, and the scan reports it.
    pub ticket: String,
    /// What the picture encodes.
    pub url: String,
    /// Life in seconds; `None` for a permanent code.
    pub expire_seconds: Option<u64>,
}

/// What the account may know about a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Whether the person follows the account.
    pub follows: bool,
    /// The same over all accounts of one Open Platform account, if there is one.
    pub unionid: Option<String>,
}

/// Reads an answer.
///
/// # Errors
/// [`Fault`] for an `errcode` other than 0, and for anything that is no answer of this call: HTML of a proxy, an empty
/// body, JSON without what a success must have.
pub fn read(endpoint: Endpoint, http_status: u16, body: &[u8]) -> Result<Value, Fault> {
    let unusable = |detail: &str| Fault {
        errcode: None,
        remedy: Remedy::Retry,
        detail: format!("{detail} (HTTP {http_status})"),
    };
    let answer: Value = serde_json::from_slice(body).map_err(|_| unusable("not JSON"))?;
    match answer["errcode"].as_i64() {
        None | Some(0) if is_success(endpoint, &answer) => Ok(answer),
        None | Some(0) => Err(unusable("JSON without what this call returns")),
        Some(errcode) => Err(Fault {
            errcode: Some(errcode),
            remedy: Remedy::of(endpoint, errcode),
            detail: answer["errmsg"].as_str().unwrap_or_default().to_owned(),
        }),
    }
}

/// Reads the answer of [`Endpoint::StableToken`] (or of [`Endpoint::Token`], whose answers mean the same).
///
/// # Errors
/// [`Fault`], as of [`read`].
pub fn access_token(http_status: u16, body: &[u8]) -> Result<AccessToken, Fault> {
    const SENSIBLE: std::ops::RangeInclusive<u64> = 1..=86_400;
    let answer = read(Endpoint::StableToken, http_status, body)?;
    let seconds = answer["expires_in"]
        .as_u64()
        .filter(|s| SENSIBLE.contains(s));
    Ok(AccessToken {
        token: text(&answer, "access_token"),
        lifetime: Duration::from_secs(seconds.unwrap_or(300)),
    })
}

/// Reads the answer of [`Endpoint::QrcodeCreate`].
///
/// # Errors
/// [`Fault`], as of [`read`].
pub fn code(http_status: u16, body: &[u8]) -> Result<Code, Fault> {
    let answer = read(Endpoint::QrcodeCreate, http_status, body)?;
    Ok(Code {
        ticket: text(&answer, "ticket"),
        url: text(&answer, "url"),
        expire_seconds: answer["expire_seconds"].as_u64(),
    })
}

/// Reads the answer of [`Endpoint::TemplateSend`]: the number that the later report of delivery carries.
///
/// # Errors
/// [`Fault`], as of [`read`].
pub fn template_msg_id(http_status: u16, body: &[u8]) -> Result<u64, Fault> {
    let answer = read(Endpoint::TemplateSend, http_status, body)?;
    Ok(answer["msgid"].as_u64().unwrap_or_default())
}

/// Reads the answer of [`Endpoint::UserInfo`].
///
/// # Errors
/// [`Fault`], as of [`read`].
pub fn person(http_status: u16, body: &[u8]) -> Result<Person, Fault> {
    let answer = read(Endpoint::UserInfo, http_status, body)?;
    Ok(Person {
        follows: answer["subscribe"] == 1,
        unionid: Some(text(&answer, "unionid")).filter(|unionid| !unionid.is_empty()),
    })
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code")
            .field("expire_seconds", &self.expire_seconds)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("follows", &self.follows)
            .finish_non_exhaustive()
    }
}

/// Whether `answer` has what a success of the call must have.
fn is_success(endpoint: Endpoint, answer: &Value) -> bool {
    let has_text = |name: &str| answer[name].as_str().is_some_and(|text| !text.is_empty());
    match endpoint {
        Endpoint::Token | Endpoint::StableToken => has_text("access_token"),
        Endpoint::QrcodeCreate => has_text("ticket") && has_text("url"),
        Endpoint::TemplateSend => answer["msgid"].is_u64(),
        Endpoint::CustomSend => answer["errcode"].is_i64(),
        Endpoint::UserInfo => has_text("openid") && answer["subscribe"].is_u64(),
        Endpoint::CallbackIp => answer["ip_list"].is_array(),
    }
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_that_makes_no_sense_becomes_five_minutes() {
        for expires_in in ["0", "-1", "1e9", "99999999", "\"7200\"", "null"] {
            let body = format!("{{\"access_token\":\"t\",\"expires_in\":{expires_in}}}");
            let token = access_token(200, body.as_bytes()).unwrap();
            assert_eq!(token.lifetime, Duration::from_secs(300), "{expires_in}");
        }
    }

    #[test]
    fn json_of_another_kind_is_no_answer() {
        for body in ["null", "[]", "7", "\"ok\"", "{}"] {
            let fault = read(Endpoint::QrcodeCreate, 200, body.as_bytes()).unwrap_err();
            assert_eq!((fault.errcode, fault.remedy), (None, Remedy::Retry));
        }
    }

    #[test]
    fn no_token_is_printed() {
        let token = access_token(200, br#"{"access_token":"96_x","expires_in":1}"#).unwrap();
        assert_eq!(format!("{token:?}"), "AccessToken { lifetime: 1s, .. }");
    }
}
