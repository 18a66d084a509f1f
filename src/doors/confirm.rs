//! `/confirm/TOKEN`: where a person confirms a scan, inside WeChat. Plain HTML, without a script.
//!
//! `GET` shows the page and has no effect, for links are looked at by more than people. The form
//! posts `choice=42` or `choice=decline` and is sent back to the page, which then tells how it
//! stands.

use std::sync::Arc;

use hyper::header::REFERRER_POLICY;
use hyper::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, ORIGIN};
use hyper::{Method, StatusCode};

use crate::broker::BrokerError;
use crate::config::{Language, Origins};
use crate::confirm::{Choice, Confirmation, Confirmations};
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::wechat::query::Query;

mod view;

use view::View;

/// More than any form of ours has.
const MOST_BODY_BYTES: usize = 256;

/// Nothing but the page's own style, icon and form.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Answers a request for a page below `/confirm/`.
pub async fn answer(gateway: &Arc<Gateway>, request: Request) -> Response {
    let path = request.uri().path();
    let token = path.strip_prefix("/confirm/").unwrap_or_default();
    let token = token.to_owned();
    let language = language(gateway, &request);
    let Some(account) = &gateway.wechat else {
        return page(StatusCode::NOT_FOUND, language, &View::Unknown);
    };
    let confirmations = &account.confirmations;
    match *request.method() {
        Method::GET | Method::HEAD => {
            let known = confirmations.look(&token).await;
            known.map_or_else(
                |error| out_of_order(&error, language),
                |known| show(known.as_ref(), language),
            )
        }
        Method::POST if !is_own(&request) => http::error(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "Only the page itself may confirm.",
        ),
        Method::POST => {
            let patience = gateway.config().limit.header;
            let body = http::read_body(request.into_body(), MOST_BODY_BYTES, patience).await;
            match body {
                Ok(body) => decide(confirmations, &token, &body, language).await,
                Err(error) => error.response(),
            }
        }
        _ => http::method_not_allowed("GET, HEAD, POST"),
    }
}

async fn decide(
    confirmations: &Confirmations,
    token: &str,
    body: &[u8],
    language: Language,
) -> Response {
    let Some(choice) = chosen(body) else {
        return http::error(
            StatusCode::BAD_REQUEST,
            "bad_choice",
            "The choice must be a number of two digits, or decline.",
        );
    };
    match confirmations.decide(token, choice).await {
        Ok(None) => show(None, language),
        // To the page, so that a reload does not choose again.
        Ok(Some(_)) => {
            let mut response = http::empty(StatusCode::SEE_OTHER);
            let here = HeaderValue::try_from(token).expect("a known token is plain digits");
            response.headers_mut().insert(LOCATION, here);
            response
        }
        Err(error) => out_of_order(&error, language),
    }
}

/// `choice=42` or `choice=decline`.
fn chosen(body: &[u8]) -> Option<Choice> {
    let form = Query::parse(std::str::from_utf8(body).ok()?).ok()?;
    match form.get("choice")? {
        "decline" => Some(Choice::Decline),
        // A sign is no digit, though it parses.
        number if number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            number.parse().ok().map(Choice::Number)
        }
        _ => None,
    }
}

/// Whether the form is the page's own. Browsers say so in `Sec-Fetch-Site`, older ones by the
/// Origin, the oldest not at all: then the secret in the path has to do.
fn is_own(request: &Request) -> bool {
    let site = http::header(request, "sec-fetch-site");
    if !site.is_empty() {
        return site == "same-origin";
    }
    let host = http::header(request, "host");
    let origin = request.headers().get(ORIGIN);
    origin.is_none_or(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        Origins::SameOrigin.allows(origin, host)
    })
}

/// The person's language, as far as the phone tells it; else the operator's.
fn language(gateway: &Gateway, request: &Request) -> Language {
    let wanted = request.headers().get(ACCEPT_LANGUAGE);
    match wanted.and_then(|wanted| wanted.as_bytes().get(..2)) {
        Some(b"zh") => Language::Zh,
        Some(b"en") => Language::En,
        _ => gateway.config().wechat.language,
    }
}

fn show(known: Option<&Confirmation>, language: Language) -> Response {
    match known {
        Some(known) => page(StatusCode::OK, language, &View::Of(known)),
        None => page(StatusCode::NOT_FOUND, language, &View::Unknown),
    }
}

fn out_of_order(error: &BrokerError, language: Language) -> Response {
    tracing::warn!(%error, "could not serve a confirmation");
    page(StatusCode::SERVICE_UNAVAILABLE, language, &View::OutOfOrder)
}

fn page(status: StatusCode, language: Language, view: &View<'_>) -> Response {
    let html = view.html(language);
    let mut response = http::with_type(status, "text/html; charset=utf-8", html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // The form needs an Origin, and nobody else the address.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    response
}
