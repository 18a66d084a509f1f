//! `GET /api/v1/sessions/{uid}/timeline`: what happened to a session, and when.
//!
//! ```text
//! {"uid":U,"moments":[{"at":1735536450123,"node":"…","moment":"issued",…},…],"truncated":false}
//! ```

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use super::{unavailable, unknown_uid};
use crate::gateway::Gateway;
use crate::http::{self, Response};
use crate::session::Uid;
use crate::timeline::in_order;

pub(super) async fn show(gateway: &Arc<Gateway>, uid: &str) -> Response {
    let Ok(uid) = uid.parse::<Uid>() else {
        return unknown_uid();
    };
    let hub = &gateway.hub;
    let bounds = hub.timeline().bounds();
    match hub.broker().remembered(uid, bounds).await {
        Err(error) => unavailable(&error),
        Ok(None) => unknown_uid(),
        Ok(Some(remembered)) => {
            let answer = json!({
                "uid": uid,
                "moments": in_order(&remembered.moments),
                "truncated": remembered.truncated,
            });
            http::json(StatusCode::OK, &answer)
        }
    }
}
