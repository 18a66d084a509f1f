//! Which requests become websockets: handshake, origin and limits.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use fastwebsockets::upgrade;
use http_body_util::Full;
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use hyper::{Method, StatusCode, Version};
use tokio::sync::OwnedSemaphorePermit;

use crate::client::Client;
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::limits::Place;

/// The places that a websocket takes; dropping it gives them back.
#[derive(Debug)]
pub struct Admission {
    _place: OwnedSemaphorePermit,
    _place_of_address: Option<Place>,
}

/// After which a page that found no place may ask again.
const RETRY: Duration = Duration::from_secs(5);

/// Whether the request wants a websocket, well formed or not.
pub fn is_asked_for(request: &Request) -> bool {
    lists(request.headers(), &UPGRADE, "websocket")
}

/// Checks the handshake (RFC 6455 section 4.2.1), the origin and the limits.
pub fn admit(
    gateway: &Gateway,
    client: Client,
    mut request: Request,
) -> Result<(Response, Admission), Response> {
    let checked = check_handshake(&request)
        .and_then(|()| check_origin(gateway, &request))
        .and_then(|()| find_place(gateway, client));
    let admission = checked.map_err(|(reason, response)| {
        let refusals = &gateway.metrics.handshakes_refused_total;
        refusals.with_label_values(&[reason]).inc();
        response
    })?;
    // The future it gives would hand over a websocket of its own kind; ours takes the bare stream.
    let (response, _) = upgrade::upgrade(&mut request).expect("the handshake was checked");
    Ok((response.map(|_| Full::default()), admission))
}

/// A refusal with its metric label.
type Refusal = (&'static str, Response);

fn check_handshake(request: &Request) -> Result<(), Refusal> {
    let bad = |message| {
        let response = http::error(StatusCode::BAD_REQUEST, "bad_handshake", message);
        Err(("headers", response))
    };
    if request.method() != Method::GET {
        return Err(("method", http::method_not_allowed("GET")));
    }
    if request.version() != Version::HTTP_11 || !lists(request.headers(), &CONNECTION, "upgrade") {
        return bad("A websocket needs HTTP/1.1 and Connection: Upgrade.");
    }
    if http::header(request, "sec-websocket-version") != "13" {
        let mut response = http::error(
            StatusCode::UPGRADE_REQUIRED,
            "bad_version",
            "Only websocket version 13 is spoken.",
        );
        let version = HeaderName::from_static("sec-websocket-version");
        response
            .headers_mut()
            .insert(version, HeaderValue::from_static("13"));
        return Err(("version", response));
    }
    let key = http::header(request, "sec-websocket-key");
    let engine = base64::engine::general_purpose::STANDARD;
    match engine.decode(key) {
        Ok(key) if key.len() == 16 => Ok(()),
        _ => bad("Sec-WebSocket-Key is not 16 bytes in base64."),
    }
}

fn check_origin(gateway: &Gateway, request: &Request) -> Result<(), Refusal> {
    if gateway.admits_origin(request) {
        return Ok(());
    }
    let response = http::error(
        StatusCode::FORBIDDEN,
        "origin_not_allowed",
        "Pages of this origin may not connect; see public.origins.",
    );
    Err(("origin", response))
}

fn find_place(gateway: &Gateway, client: Client) -> Result<Admission, Refusal> {
    let full = |reason| {
        let response = http::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_connections",
            "There is no place for another connection at the moment.",
        );
        (reason, http::retry_after(response, RETRY))
    };
    if gateway.shutdown.closing.is_cancelled() {
        return Err(full("draining"));
    }
    let place = Arc::clone(&gateway.websockets)
        .try_acquire_owned()
        .map_err(|_| full("limit"))?;
    let most = gateway.config().limit.connections_per_address;
    let place_of_address = if most == 0 || client.hidden {
        None
    } else {
        let place = gateway
            .websockets_by_address
            .admit(client.counted(), most)
            .ok_or_else(|| full("address_limit"))?;
        Some(place)
    };
    Ok(Admission {
        _place: place,
        _place_of_address: place_of_address,
    })
}

/// Whether a header's comma-separated list has this word.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}
