//! `/api/v1/sessions`: makes sessions, tells of them, ends them; and `/api/v1/nodes`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::{MOST_UIDS, bad, json_body, too_many_uids, unavailable, unknown_uid};
use crate::broker::{BrokerError, Issued, NewSession, SessionView};
use crate::codes::{self, Code, IssueError, whole_seconds};
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::random;
use crate::session::{Action, Key, Purpose, SiteAccount, State, Ticket, Uid};

/// `{"action":"login"}` makes a code, `{"action":"bind","account":"alice"}` one about an account;
/// `{"uid":U,"ticket":"T","ttl":600,"key":true}` registers what
/// another system issued.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    action: Option<String>,
    account: Option<String>,
    uid: Option<Box<RawValue>>,
    ticket: Option<String>,
    ttl: Option<u64>,
    #[serde(default)]
    key: bool,
}

/// Lives that a registered session may have, in seconds.
const TTL: std::ops::RangeInclusive<u64> = 1..=86_400;

pub(super) async fn make(gateway: &Arc<Gateway>, request: Request) -> Response {
    let wanted: Wanted = match json_body(gateway, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    match (&wanted.uid, &wanted.ticket) {
        (None, None) => issue(gateway, &wanted).await,
        (Some(uid), Some(ticket)) => register(gateway, &wanted, uid, ticket).await,
        _ => bad("A uid needs its ticket, and a ticket its uid."),
    }
}

async fn issue(gateway: &Arc<Gateway>, wanted: &Wanted) -> Response {
    if wanted.ttl.is_some() || wanted.key {
        return bad("ttl and key are for a uid and ticket of another system.");
    }
    let action = wanted.action.as_deref().unwrap_or("token");
    let Ok(action) = action.parse::<Action>() else {
        return bad("The action must be one of: token, renew, login, bind, unbind, points.");
    };
    let account = match &wanted.account {
        None => None,
        Some(name) => match SiteAccount::new(name.as_str()) {
            None => return bad("An account is 1 to 128 bytes without control characters."),
            account => account,
        },
    };
    let Some(purpose) = Purpose::new(action, account) else {
        return bad("bind, unbind and points need an account; token, renew and login have none.");
    };
    match codes::issue(gateway, purpose).await {
        Ok(code) => http::json(StatusCode::CREATED, &code),
        Err(IssueError::Broker(error)) => unavailable(&error),
        Err(IssueError::NotConfigured) => http::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "wechat_not_configured",
            "No official account is configured here.",
        ),
        Err(error @ (IssueError::Platform(_) | IssueError::BadTicket)) => {
            tracing::warn!(%error, "could not issue a code");
            let response = http::error(
                StatusCode::SERVICE_UNAVAILABLE,
                "wechat_unreachable",
                "WeChat makes no codes for us at the moment.",
            );
            http::retry_after(response, Duration::from_secs(3))
        }
    }
}

async fn register(
    gateway: &Arc<Gateway>,
    wanted: &Wanted,
    uid: &RawValue,
    ticket: &str,
) -> Response {
    if wanted.action.is_some() || wanted.account.is_some() {
        return bad("A session of another system has no action here.");
    }
    let Ok(uid) = uid.get().trim_matches('"').parse::<Uid>() else {
        return bad("The uid must be a whole number in 1..=4294967295.");
    };
    let Some(ticket) = Ticket::new(ticket) else {
        return bad("The ticket must have 1 to 512 bytes.");
    };
    let life = match wanted.ttl {
        None => gateway.config().session.life,
        Some(ttl) if TTL.contains(&ttl) => Duration::from_secs(ttl),
        Some(_) => return bad("The ttl must be in 1..=86400 seconds."),
    };
    let key = wanted.key.then(|| Key::new(random::bytes()));
    let session = NewSession {
        uid,
        ticket: ticket.clone(),
        key,
        purpose: None,
        life,
    };
    let (status, key) = match gateway.hub.issue(session).await {
        Err(error) => return unavailable(&error),
        Ok(Issued::Created) => (StatusCode::CREATED, key),
        Ok(Issued::Renewed(key)) => (StatusCode::OK, key),
        Ok(Issued::Conflict) => {
            return http::error(
                StatusCode::CONFLICT,
                "uid_taken",
                "This uid is on record with another ticket.",
            );
        }
    };
    let code = Code {
        ticket: ticket.expose().to_owned(),
        expire_seconds: whole_seconds(life),
        uid: uid.get(),
        key: key.map(|key| key.expose()),
        url: None,
    };
    http::json(status, &code)
}

/// `{"uid":U,"state":"waiting","action":"login","online":true,"nodes":["…"],"expire_seconds":90}`
#[derive(Serialize)]
struct Shown {
    uid: Uid,
    state: State,
    action: Option<Action>,
    account: Option<SiteAccount>,
    online: bool,
    nodes: Vec<String>,
    /// For how long the code can still be scanned.
    expire_seconds: u64,
}

impl Shown {
    fn of(uid: Uid, view: SessionView) -> Self {
        Self {
            uid,
            state: view.state,
            action: view.purpose.as_ref().map(|purpose| purpose.action),
            account: view.purpose.and_then(|purpose| purpose.account),
            online: !view.nodes.is_empty(),
            nodes: view.nodes,
            expire_seconds: view.code_remaining.as_secs(),
        }
    }
}

pub(super) async fn show(gateway: &Arc<Gateway>, uid: &str) -> Response {
    let Ok(uid) = uid.parse::<Uid>() else {
        return unknown_uid();
    };
    match gateway.hub.session(uid).await {
        Err(error) => unavailable(&error),
        Ok(None) => unknown_uid(),
        Ok(Some(view)) => match with_confirmation(gateway, uid, view).await {
            Ok(view) => http::json(StatusCode::OK, &Shown::of(uid, view)),
            Err(error) => unavailable(&error),
        },
    }
}

/// `{"uids":[U,…]}`, answered `{"sessions":[…],"unknown":[U,…]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    uids: Vec<Uid>,
}

/// Confirmations that one query looks up at a time.
const LOOKS_AT_A_TIME: usize = 64;

pub(super) async fn query(gateway: &Arc<Gateway>, request: Request) -> Response {
    let Query { uids } = match json_body(gateway, request).await {
        Ok(query) => query,
        Err(refusal) => return refusal,
    };
    if uids.len() > MOST_UIDS {
        return too_many_uids();
    }
    let views = match gateway.hub.sessions(&uids).await {
        Ok(views) => views,
        Err(error) => return unavailable(&error),
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (uid, view) in uids.into_iter().zip(views) {
        match view {
            Some(view) => known.push((uid, view)),
            None => unknown.push(uid),
        }
    }
    let looks = known.into_iter().map(|(uid, view)| async move {
        let view = with_confirmation(gateway, uid, view).await?;
        Ok::<_, BrokerError>(Shown::of(uid, view))
    });
    // In their order, but not one after the other.
    let shown = stream::iter(looks).buffered(LOOKS_AT_A_TIME).try_collect();
    let sessions: Vec<Shown> = match shown.await {
        Ok(sessions) => sessions,
        Err(error) => return unavailable(&error),
    };
    let answer = json!({ "sessions": sessions, "unknown": unknown });
    http::json(StatusCode::OK, &answer)
}

/// What is on record of a session; of one that has to be confirmed, with how that stands.
async fn with_confirmation(
    gateway: &Gateway,
    uid: Uid,
    mut view: SessionView,
) -> Result<SessionView, BrokerError> {
    if let Some(account) = &gateway.wechat {
        view.state = account.confirmations.state(uid, &view).await?;
    }
    Ok(view)
}

pub(super) async fn end(gateway: &Arc<Gateway>, uid: &str) -> Response {
    let Ok(uid) = uid.parse::<Uid>() else {
        return unknown_uid();
    };
    match gateway.hub.end(uid).await {
        Err(error) => unavailable(&error),
        Ok(false) => unknown_uid(),
        Ok(true) => http::empty(StatusCode::NO_CONTENT),
    }
}

/// `{"nodes":[{"name":"…","connections":12}]}`
pub(super) async fn nodes(gateway: &Arc<Gateway>) -> Response {
    match gateway.hub.nodes().await {
        Err(error) => unavailable(&error),
        Ok(nodes) => http::json(StatusCode::OK, &json!({ "nodes": nodes })),
    }
}
