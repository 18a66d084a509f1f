//! `POST /api/v1/broadcast`: one event to a list of uids, or to every page.
//!
//! ```text
//! {"event":{"cmd":"news"},"uids":[1735536450]}   {"push_id":"…","results":[{"uid":1735536450,"result":"ok",…}]}
//! {"event":{"cmd":"news"},"all":true}            {"push_id":"…","nodes":["a","b"],"silent":[]}
//! ```

use std::sync::Arc;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{MOST_UIDS, json_body, too_many_uids, unavailable};
use crate::broadcast::Broadcast;
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::message::Body;
use crate::session::Uid;
use crate::verdict::Words;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    event: Body,
    push_id: Option<String>,
    uids: Option<Vec<Uid>>,
    #[serde(default)]
    all: bool,
}

pub(super) async fn broadcast(gateway: &Arc<Gateway>, request: Request) -> Response {
    let wanted: Wanted = match json_body(gateway, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let Some(broadcast) = made(gateway, wanted.event, wanted.push_id) else {
        return bad_push_id();
    };
    match (wanted.uids, wanted.all) {
        (Some(uids), false) => to_uids(gateway, &broadcast, &uids).await,
        (None, true) => to_all(gateway, &broadcast).await,
        _ => http::error(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "A broadcast is for a list of uids, or for all.",
        ),
    }
}

/// A broadcast as this gateway keeps pushes; None where the push id is too long or empty.
pub(super) fn made(gateway: &Gateway, event: Body, push_id: Option<String>) -> Option<Broadcast> {
    Broadcast::new(event, push_id, gateway.config().push.retain)
}

pub(super) fn bad_push_id() -> Response {
    http::error(
        StatusCode::BAD_REQUEST,
        "bad_request",
        "A push_id has 1 to 64 bytes.",
    )
}

async fn to_uids(gateway: &Gateway, broadcast: &Broadcast, uids: &[Uid]) -> Response {
    #[derive(Serialize)]
    struct Result {
        uid: Uid,
        #[serde(flatten)]
        words: Words,
    }
    if uids.len() > MOST_UIDS {
        return too_many_uids();
    }
    let verdicts = match broadcast.to_uids(&gateway.hub, uids).await {
        Ok(verdicts) => verdicts,
        Err(error) => return unavailable(&error),
    };
    let results: Vec<_> = uids
        .iter()
        .zip(verdicts)
        .map(|(uid, verdict)| Result {
            uid: *uid,
            words: verdict.words(),
        })
        .collect();
    let answer = json!({ "push_id": broadcast.push_id(), "results": results });
    http::json(StatusCode::OK, &answer)
}

/// 202: the nodes go about it by themselves.
async fn to_all(gateway: &Gateway, broadcast: &Broadcast) -> Response {
    let told = match broadcast.to_all(&gateway.hub).await {
        Ok(told) => told,
        Err(error) => return unavailable(&error),
    };
    let (nodes, silent): (Vec<_>, Vec<_>) = told.into_iter().partition(|told| told.heard);
    let names = |told: Vec<crate::broker::Told>| -> Vec<String> {
        told.into_iter().map(|told| told.name).collect()
    };
    let answer = json!({
        "push_id": broadcast.push_id(),
        "nodes": names(nodes),
        "silent": names(silent),
    });
    http::json(StatusCode::ACCEPTED, &answer)
}
