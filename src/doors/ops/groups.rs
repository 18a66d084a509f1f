//! `/api/v1/groups/{group}`: who is in it, who joins and leaves, what is pushed to all of them.
//!
//! | path below | methods |
//! |---|---|
//! | (none) | `GET`: `{"group":"a","members":[U,…]}` |
//! | `/members/{uid}` | `PUT`, `DELETE`: 204 |
//! | `/push` | `POST` `{"event":{…}}`: how many members it went to |

use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::broadcast::{bad_push_id, made};
use super::{json_body, unavailable, unknown_uid};
use crate::broker::Joined;
use crate::gateway::Gateway;
use crate::groups::{self, GroupName, Tally};
use crate::http::{self, Request, Response};
use crate::message::Body;
use crate::session::Uid;
use crate::wechat::query;

/// Answers a request about the group at `path`, what stands behind `groups/`.
pub(super) async fn answer(gateway: &Arc<Gateway>, path: &str, request: Request) -> Response {
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let name = query::unescape(name);
    let Some(group) = name.and_then(|name| GroupName::new(&name)) else {
        return http::error(
            StatusCode::NOT_FOUND,
            "bad_group",
            "A group's name is 1 to 64 letters, digits or - _ :",
        );
    };
    let method = request.method().clone();
    match (rest, method) {
        ("", Method::GET) if !path.contains('/') => show(gateway, &group).await,
        ("", _) if !path.contains('/') => http::method_not_allowed("GET"),
        ("push", Method::POST) => push(gateway, &group, request).await,
        ("push", _) => http::method_not_allowed("POST"),
        (rest, method) => match rest.strip_prefix("members/") {
            None => http::not_found(),
            Some(uid) => match (method, uid.parse::<Uid>()) {
                (Method::PUT, Ok(uid)) => join(gateway, &group, uid).await,
                (Method::DELETE, Ok(uid)) => quit(gateway, &group, uid).await,
                (Method::PUT | Method::DELETE, Err(_)) => unknown_uid(),
                _ => http::method_not_allowed("PUT, DELETE"),
            },
        },
    }
}

async fn show(gateway: &Gateway, group: &GroupName) -> Response {
    match groups::members(&gateway.hub, group).await {
        Err(error) => unavailable(&error),
        Ok(members) => {
            let answer = json!({ "group": group.as_str(), "members": members });
            http::json(StatusCode::OK, &answer)
        }
    }
}

async fn join(gateway: &Gateway, group: &GroupName, uid: Uid) -> Response {
    match groups::join(&gateway.hub, group, uid).await {
        Err(error) => unavailable(&error),
        Ok(None) => unknown_uid(),
        Ok(Some(Joined::Yes)) => http::empty(StatusCode::NO_CONTENT),
        Ok(Some(Joined::Full)) => http::error(
            StatusCode::CONFLICT,
            "group_full",
            "The group has 10000 members.",
        ),
    }
}

async fn quit(gateway: &Gateway, group: &GroupName, uid: Uid) -> Response {
    match groups::quit(&gateway.hub, group, uid).await {
        Err(error) => unavailable(&error),
        Ok(true) => http::empty(StatusCode::NO_CONTENT),
        Ok(false) => http::error(
            StatusCode::NOT_FOUND,
            "not_a_member",
            "This uid is not in the group.",
        ),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    event: Body,
    push_id: Option<String>,
}

async fn push(gateway: &Arc<Gateway>, group: &GroupName, request: Request) -> Response {
    #[derive(Serialize)]
    struct Pushed<'a> {
        push_id: &'a str,
        #[serde(flatten)]
        tally: Tally,
    }
    let wanted: Wanted = match json_body(gateway, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let Some(broadcast) = made(gateway, wanted.event, wanted.push_id) else {
        return bad_push_id();
    };
    match groups::push(&gateway.hub, group, &broadcast).await {
        Err(error) => unavailable(&error),
        Ok(tally) => {
            let push_id = broadcast.push_id();
            http::json(StatusCode::OK, &Pushed { push_id, tally })
        }
    }
}
