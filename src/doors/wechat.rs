//! `/wechat`: the platform's callbacks. They are verified, taken, and answered at once with what
//! to say in the chat; calls of the platform's API come afterwards.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use tokio::time::Instant;

use crate::clock::unix_time;
use crate::gateway::{Gateway, OfficialAccount};
use crate::http::{self, BodyError, Request, Response, Scheme};
use crate::random;
use crate::scan::Taken;
use crate::session::hex;
use crate::texts::Say;
use crate::wechat::event::Push;
use crate::wechat::refusal::Refusal;
use crate::wechat::reply::{Fresh, Reply, SUCCESS};
use crate::wechat::xml::BODY_LIMIT;

/// Answers a request of the platform's, or of somebody who plays it.
pub async fn answer(gateway: &Arc<Gateway>, scheme: Scheme, request: Request) -> Response {
    let (result, response) = respond(gateway, scheme, request).await;
    let callbacks = &gateway.metrics.callbacks_total;
    callbacks.with_label_values(&[result]).inc();
    response
}

/// The answer and its metric label.
async fn respond(
    gateway: &Arc<Gateway>,
    scheme: Scheme,
    request: Request,
) -> (&'static str, Response) {
    let came = Instant::now();
    let Some(account) = &gateway.wechat else {
        let response = http::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "wechat_not_configured",
            "No official account is configured here.",
        );
        return ("not_configured", response);
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    match *request.method() {
        Method::GET => match account.gate.check_url(&query) {
            Ok(echo) => ("url_check", text(echo)),
            Err(refusal) => refuse(&refusal),
        },
        Method::POST => {
            let base_url = gateway.base_url(scheme, &request);
            let patience = gateway.config().limit.header;
            let body = match http::read_body(request.into_body(), BODY_LIMIT, patience).await {
                Ok(body) => body,
                Err(error) => {
                    let result = match error {
                        BodyError::TooLarge => "too_large",
                        BodyError::TooSlow => "too_slow",
                        BodyError::Broken => "malformed",
                    };
                    return (result, http::empty(error.status()));
                }
            };
            match account.gate.open(&query, &body, unix_time().as_secs()) {
                Ok(push) => take(gateway, account, &push, &base_url, came).await,
                Err(refusal) => refuse(&refusal),
            }
        }
        _ => ("forbidden", http::method_not_allowed("GET, POST")),
    }
}

async fn take(
    gateway: &Arc<Gateway>,
    account: &OfficialAccount,
    push: &Push,
    base_url: &str,
    came: Instant,
) -> (&'static str, Response) {
    match account.scans.take(push, base_url, came).await {
        Ok(Taken::Duplicate) => ("duplicate", text(SUCCESS)),
        // `success` would be the last word, though nothing may come of it yet. The platform asks again.
        Ok(Taken::UnderWay) => ("under_way", http::empty(StatusCode::SERVICE_UNAVAILABLE)),
        Ok(Taken::Answer(say)) => (push.kind.label(), text(seal(gateway, account, push, say))),
        Ok(Taken::Counts(say)) => {
            // Of whoever scans something else nothing is kept.
            learn_unionid(gateway, account, push);
            let sealed = seal(gateway, account, push, Some(say));
            (push.kind.label(), text(sealed))
        }
        Err(error) => {
            tracing::error!(%error, kind = push.kind.label(), "could not take a callback");
            // The platform asks again.
            ("failed", http::empty(StatusCode::SERVICE_UNAVAILABLE))
        }
    }
}

fn seal(gateway: &Gateway, account: &OfficialAccount, push: &Push, say: Option<Say>) -> String {
    let language = gateway.config().wechat.language;
    let reply = say.map_or(Reply::Success, |say| {
        Reply::Text(say.text(language).into_owned())
    });
    let fresh = Fresh {
        now_unix: unix_time().as_secs(),
        nonce: &hex(&random::bytes::<8>()),
        random: random::bytes(),
    };
    account.gate.seal(&reply, push, fresh)
}

/// Asks the platform, after the answer, for what a later login verification will tell.
fn learn_unionid(gateway: &Arc<Gateway>, account: &OfficialAccount, push: &Push) {
    let accounts = Arc::clone(&gateway.shop.accounts);
    let api = Arc::clone(&account.api);
    let person = push.from.clone();
    gateway.shutdown.tasks.spawn(async move {
        if let Err(error) = accounts.unionid(&person, &api).await {
            tracing::warn!(%error, "could not remember a unionid");
        }
    });
}

fn refuse(refusal: &Refusal) -> (&'static str, Response) {
    tracing::warn!(reason = refusal.label(), "refused a callback");
    let status = StatusCode::from_u16(refusal.status()).expect("a known status");
    let result = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::BAD_REQUEST => "malformed",
        _ => "forbidden",
    };
    (result, http::empty(status))
}

fn text(body: impl Into<bytes::Bytes>) -> Response {
    http::with_type(StatusCode::OK, "text/plain; charset=utf-8", body)
}
