//! The operators' door: figures, health, and the server API.
//!
//! | request | answer |
//! |---|---|
//! | `GET /metrics` | Prometheus text |
//! | `GET /livez`, `/readyz` | 200 or 503 |
//! | `GET /api/v1/openapi.json` | the API, described |
//! | `POST /api/v1/push` | a push line; the verbose verdict |
//! | `POST /api/v1/sessions` | makes or registers a session |
//! | `POST /api/v1/sessions/query` | what is known of many |
//! | `GET`, `DELETE /api/v1/sessions/{uid}` | what is known of it; its end |
//! | `POST /api/v1/broadcast` | an event to many, or to all |
//! | `/api/v1/groups/{group}…` | groups; see `groups.rs` |
//! | `POST /api/v1/login/verify` | who logged in, once |
//! | `/api/v1/accounts/{account}`, `…/bond`, `…/points` | whose account it is, and its points |
//! | `GET /api/v1/people/{openid}` | what is known of a person |
//! | `POST`, `DELETE /api/v1/people/{openid}/token` | another send token; none |
//! | `GET /api/v1/nodes` | the live nodes |

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HOST, ORIGIN};
use hyper::{Method, StatusCode};

use crate::gateway::Gateway;
use crate::http::{self, BodyError, Request, Response};
use crate::listen::Accepted;
use crate::stream::Stream;

mod accounts;
mod broadcast;
mod groups;
mod login;
mod openapi;
mod points;
mod push;
mod sessions;
mod timeline;
mod tokens;

/// The ops listener's half of a node.
#[derive(Debug)]
pub struct Ops {
    /// What all doors are handed.
    pub gateway: Arc<Gateway>,
    /// Whether only this host can reach the listener: the API then needs no key.
    pub is_private: bool,
}

impl Ops {
    /// Serves one connection to its end.
    pub async fn serve(self: Arc<Self>, accepted: Accepted) {
        let Accepted { tcp, place, .. } = accepted;
        let patience = self.gateway.config().limit.header;
        let closing = self.gateway.shutdown.over.clone();
        let answer = |request| self.answer(request);
        let served = http::serve(Stream::Plain(tcp), patience, closing, answer).await;
        if let Err(error) = served {
            tracing::debug!(%error, "an ops connection ended badly");
        }
        drop(place);
    }

    async fn answer(&self, request: Request) -> Response {
        let gateway = &self.gateway;
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/metrics" => get(&request, || {
                const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
                http::with_type(StatusCode::OK, TEXT, gateway.figures())
            }),
            "/livez" => get(&request, || plain(StatusCode::OK, "live")),
            "/readyz" => get(&request, || {
                let state = gateway.state();
                let status = match state.takes_work() {
                    true => StatusCode::OK,
                    false => StatusCode::SERVICE_UNAVAILABLE,
                };
                plain(status, state.word())
            }),
            "/api/v1/openapi.json" => openapi::show(&request),
            path => match path.strip_prefix("/api/v1/") {
                None => http::not_found(),
                Some(resource) => match self.check_key(&request) {
                    Ok(()) => self.api(resource, request).await,
                    Err(refusal) => refusal,
                },
            },
        }
    }

    fn check_key(&self, request: &Request) -> Result<(), Response> {
        let config = self.gateway.config();
        let Some(key) = &config.ops.api_key else {
            // A page in a browser of this host is not the operator.
            return if request.headers().contains_key(ORIGIN) {
                Err(http::error(
                    StatusCode::FORBIDDEN,
                    "origin_not_allowed",
                    "Pages may not use the API without ops.api_key.",
                ))
            } else if !self.is_private {
                Err(http::error(
                    StatusCode::FORBIDDEN,
                    "key_required",
                    "On an address that others can reach the API needs ops.api_key.",
                ))
            } else if !names_no_domain(request) {
                // A GET of a page has no Origin, where the page's own name was made to lead here.
                Err(http::error(
                    StatusCode::FORBIDDEN,
                    "origin_not_allowed",
                    "Without ops.api_key the API answers to localhost or an address only.",
                ))
            } else {
                Ok(())
            };
        };
        let presented = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        if presented.is_some_and(|presented| key.matches(presented)) {
            return Ok(());
        }
        let mut refusal = http::error(
            StatusCode::UNAUTHORIZED,
            "unauthorised",
            "The API needs its bearer key.",
        );
        let scheme = hyper::header::HeaderValue::from_static("Bearer");
        let headers = refusal.headers_mut();
        headers.insert(hyper::header::WWW_AUTHENTICATE, scheme);
        Err(refusal)
    }

    async fn api(&self, resource: &str, request: Request) -> Response {
        let gateway = &self.gateway;
        let method = request.method().clone();
        match (resource, &method) {
            ("push", &Method::POST) => push::push(gateway, request).await,
            ("sessions", &Method::POST) => sessions::make(gateway, request).await,
            ("sessions/query", &Method::POST) => sessions::query(gateway, request).await,
            ("login/verify", &Method::POST) => login::verify(gateway, request).await,
            ("push" | "sessions" | "sessions/query" | "login/verify", _) => {
                http::method_not_allowed("POST")
            }
            ("nodes", &Method::GET) => sessions::nodes(gateway).await,
            ("nodes", _) => http::method_not_allowed("GET"),
            ("broadcast", &Method::POST) => broadcast::broadcast(gateway, request).await,
            ("broadcast", _) => http::method_not_allowed("POST"),
            (resource, method) => match resource.split_once('/') {
                Some(("groups", group)) => groups::answer(gateway, group, request).await,
                Some(("sessions", path)) => match (path.split_once('/'), method) {
                    (None, &Method::GET) => sessions::show(gateway, path).await,
                    (None, &Method::DELETE) => sessions::end(gateway, path).await,
                    (None, _) => http::method_not_allowed("GET, DELETE"),
                    (Some((uid, "timeline")), &Method::GET) => timeline::show(gateway, uid).await,
                    (Some((_, "timeline")), _) => http::method_not_allowed("GET"),
                    (Some(_), _) => http::not_found(),
                },
                Some(("accounts", path)) => accounts::answer(gateway, path, request).await,
                Some(("people", path)) => accounts::people(gateway, path, method).await,
                _ => http::not_found(),
            },
        }
    }
}

/// Whether the request is to an address, or to `localhost`; no browser leaves the Host out.
fn names_no_domain(request: &Request) -> bool {
    let Some(host) = request.headers().get(HOST) else {
        return true;
    };
    let host = host.to_str().unwrap_or_default();
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    host.parse::<SocketAddr>().is_ok()
        || bracketed.unwrap_or(host).parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
}

fn get(request: &Request, answer: impl FnOnce() -> Response) -> Response {
    match *request.method() {
        Method::GET | Method::HEAD => answer(),
        _ => http::method_not_allowed("GET, HEAD"),
    }
}

fn plain(status: StatusCode, word: &'static str) -> Response {
    http::with_type(status, "text/plain; charset=utf-8", word)
}

/// The longest body that the API reads, in bytes; a push is bounded by `push.line_bytes` instead.
const BODY_BYTES: usize = 64 * 1024;

fn unknown_uid() -> Response {
    http::error(
        StatusCode::NOT_FOUND,
        "uid_unknown",
        "This uid is unknown or has expired.",
    )
}

/// The most uids that one call may name.
const MOST_UIDS: usize = 1_000;

fn too_many_uids() -> Response {
    http::error(
        StatusCode::BAD_REQUEST,
        "too_many_uids",
        "One call may name 1000 uids.",
    )
}

/// Reads a JSON body.
async fn json_body<T: serde::de::DeserializeOwned>(
    gateway: &Gateway,
    request: Request,
) -> Result<T, Response> {
    let patience = gateway.config().limit.header;
    let body = http::read_body(request.into_body(), BODY_BYTES, patience)
        .await
        .map_err(BodyError::response)?;
    serde_json::from_slice(&body).map_err(|error| {
        let message = format!("The body is not what is expected here: {error}.");
        http::error(StatusCode::BAD_REQUEST, "bad_json", &message)
    })
}

/// The request makes no sense.
fn bad(message: &str) -> Response {
    http::error(StatusCode::BAD_REQUEST, "bad_request", message)
}

/// The broker did not do it.
fn unavailable(error: &crate::broker::BrokerError) -> Response {
    tracing::warn!(%error, "an API call failed");
    let response = http::error(
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "Not possible at the moment.",
    );
    http::retry_after(response, std::time::Duration::from_secs(1))
}
