//! `GET /qrcode`: a code for a page.
//!
//! ```text
//! {"ticket":"gQH4…","expire_seconds":120,"uid":1735536450,"key":"…","url":"http://weixin.qq.com/q/…"}
//! ```
//!
//! The original's page uses the reply as text and sends it back as it came, so it is typed as text
//! unless the request names JSON.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, StatusCode};

use crate::client::Client;
use crate::codes::{self, IssueError};
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::session::{Action, Purpose};
use crate::wechat::query::Query;

/// What a page is told to wait after a passing trouble.
const RETRY: Duration = Duration::from_secs(3);
/// What a page is told to wait where an operator has to act.
const RETRY_LATER: Duration = Duration::from_secs(30);

/// Answers a request for a code.
pub async fn answer(gateway: &Arc<Gateway>, client: Client, request: &Request) -> Response {
    let (result, mut response) = respond(gateway, client, request).await;
    let count = gateway.metrics.qrcodes_total.with_label_values(&[result]);
    count.inc();
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin, accept"));
    if result != "origin"
        && let Some(origin) = request.headers().get(ORIGIN)
    {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let exposed = HeaderValue::from_static("date, retry-after");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// The answer and its metric label.
async fn respond(
    gateway: &Arc<Gateway>,
    client: Client,
    request: &Request,
) -> (&'static str, Response) {
    if request.method() != Method::GET {
        return ("bad_action", http::method_not_allowed("GET"));
    }
    if !gateway.admits_origin(request) {
        let response = http::error(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "Pages of this origin may not ask for codes; see public.origins.",
        );
        return ("origin", response);
    }
    let Some(purpose) = wanted(request) else {
        let response = http::error(
            StatusCode::BAD_REQUEST,
            "unknown_action",
            "The action must be one of: token, renew, login.",
        );
        return ("bad_action", response);
    };
    let per_minute = gateway.config().limit.qrcodes_per_minute;
    if !client.hidden
        && let Err(wait) = gateway.codes_by_address.admit(client.counted(), per_minute)
    {
        let response = http::error(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_codes",
            "Too many codes were asked for from this address.",
        );
        return ("limited", http::retry_after(response, wait));
    }
    match codes::issue(gateway, purpose).await {
        Ok(code) => {
            let body = serde_json::to_vec(&code).expect("plain data");
            let content_type = if accepts_json(request) {
                "application/json"
            } else {
                "text/plain; charset=utf-8"
            };
            ("ok", http::with_type(StatusCode::OK, content_type, body))
        }
        Err(error) => failure(&error),
    }
}

/// Codes for an account of the site are for its backend to ask for.
fn wanted(request: &Request) -> Option<Purpose> {
    let query = Query::parse(request.uri().query().unwrap_or_default()).ok()?;
    let action = match query.get("action") {
        None => Action::Token,
        Some(word) => word.parse().ok()?,
    };
    Purpose::new(action, None)
}

fn accepts_json(request: &Request) -> bool {
    request
        .headers()
        .get_all(ACCEPT)
        .iter()
        .filter_map(|accept| accept.to_str().ok())
        .any(|accept| accept.to_ascii_lowercase().contains("application/json"))
}

/// What went wrong, told without a word of the platform's.
fn failure(error: &IssueError) -> (&'static str, Response) {
    let (result, code, message, wait) = match error {
        IssueError::NotConfigured => (
            "not_configured",
            "wechat_not_configured",
            "No official account is configured here.",
            None,
        ),
        IssueError::Platform(error) if error.is_refusal() => (
            "wechat",
            "wechat_refused",
            "WeChat makes no codes for us at the moment.",
            Some(RETRY_LATER),
        ),
        IssueError::Platform(_) => (
            "wechat",
            "wechat_unreachable",
            "WeChat does not answer at the moment.",
            Some(RETRY),
        ),
        IssueError::BadTicket => (
            "wechat",
            "wechat_refused",
            "WeChat made a code that cannot be used.",
            Some(RETRY_LATER),
        ),
        IssueError::Broker(_) => (
            "unavailable",
            "unavailable",
            "Codes cannot be issued at the moment.",
            Some(RETRY),
        ),
    };
    if !matches!(error, IssueError::NotConfigured) {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(%error, cause, "could not issue a code");
    }
    let response = http::error(StatusCode::SERVICE_UNAVAILABLE, code, message);
    let response = match wait {
        Some(wait) => http::retry_after(response, wait),
        None => response,
    };
    (result, response)
}
