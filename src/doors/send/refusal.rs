//! Why a request to `.send` was refused, in the form of such services:
//! `{"errcode":1001,"errmsg":"token_unknown"}`.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;

use crate::broker::BrokerError;
use crate::http::{self, BodyError, Response};
use crate::send::Unfit;

/// Why nothing was sent or told.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The token never was, or is void; nobody learns which.
    TokenUnknown,
    /// The token's owner has no such message.
    MessageUnknown,
    /// There is no title.
    NoText,
    /// The title is too long.
    TextTooLong,
    /// The parameters cannot be read.
    Malformed,
    /// The body is too large.
    TooLarge,
    /// The body came too slowly, or broke off.
    TooSlow,
    /// Too many, for this long.
    Limited(Duration),
    /// Neither GET nor POST.
    Method,
    /// Asked for by a browser that only guesses.
    Prefetch,
    /// There is no account, or no template.
    NotConfigured,
    /// Too many messages are waiting.
    Full,
    /// The broker did not do it.
    Unavailable(BrokerError),
}

impl Refusal {
    /// The `errmsg`, and the metric's label.
    pub fn word(&self) -> &'static str {
        self.row().2
    }

    /// Status, `errcode`, `errmsg`. A code once given keeps its meaning.
    fn row(&self) -> (StatusCode, u32, &'static str) {
        match self {
            Refusal::TokenUnknown => (StatusCode::NOT_FOUND, 1001, "token_unknown"),
            Refusal::NoText => (StatusCode::BAD_REQUEST, 1002, "no_text"),
            Refusal::TextTooLong => (StatusCode::BAD_REQUEST, 1003, "text_too_long"),
            Refusal::Malformed => (StatusCode::BAD_REQUEST, 1004, "malformed"),
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 1005, "too_large"),
            Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, 1006, "too_slow"),
            Refusal::Limited(_) => (StatusCode::TOO_MANY_REQUESTS, 1007, "limited"),
            Refusal::Method => (StatusCode::METHOD_NOT_ALLOWED, 1008, "method"),
            Refusal::Prefetch => (StatusCode::FORBIDDEN, 1009, "prefetch"),
            Refusal::NotConfigured => (StatusCode::SERVICE_UNAVAILABLE, 1010, "not_configured"),
            Refusal::Full => (StatusCode::SERVICE_UNAVAILABLE, 1011, "full"),
            Refusal::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, 1012, "unavailable"),
            Refusal::MessageUnknown => (StatusCode::NOT_FOUND, 1013, "message_unknown"),
        }
    }

    /// The answer.
    pub fn response(&self) -> Response {
        let (status, errcode, errmsg) = self.row();
        let response = http::json(status, &json!({"errcode": errcode, "errmsg": errmsg}));
        match self {
            Refusal::Limited(wait) => http::retry_after(response, *wait),
            Refusal::Full => http::retry_after(response, Duration::from_secs(60)),
            Refusal::Unavailable(error) => {
                tracing::warn!(%error, "a message could not be taken");
                http::retry_after(response, Duration::from_secs(1))
            }
            Refusal::Method => http::allowing(response, "GET, POST"),
            _ => response,
        }
    }
}

impl From<BrokerError> for Refusal {
    fn from(error: BrokerError) -> Self {
        Refusal::Unavailable(error)
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::NoText => Refusal::NoText,
            Unfit::TextTooLong => Refusal::TextTooLong,
        }
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Refusal::TooLarge,
            BodyError::TooSlow | BodyError::Broken => Refusal::TooSlow,
        }
    }
}
