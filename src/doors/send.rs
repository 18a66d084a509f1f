//! `/{token}.send`: a message to the person whose send token it is; and `/send`, the same with the token
//! in `Authorization: Bearer`, where no log of a proxy sees it.
//!
//! | request | answer |
//! |---|---|
//! | `GET`, `POST` `/{token}.send` with `text`, `desp` | `{"errcode":0,"errmsg":"ok","data":{"msgid":"…","url":"…"}}` |
//! | `GET /{token}.send/{msgid}` | `{"errcode":0,"errmsg":"ok","data":{"msgid":"…","state":"delivered",…}}` |

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HeaderValue, REFERRER_POLICY};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::Client;
use crate::gateway::Gateway;
use crate::http::{self, Request, Response, Scheme};
use crate::send::{Accepted, Draft, Message, Sender, Sends};

mod parameters;
mod refusal;

use refusal::Refusal;

/// What a path asks for.
struct Address<'p> {
    /// The token; None where a header has it.
    token: Option<&'p str>,
    /// The message whose fate is asked for.
    message: Option<&'p str>,
}

impl<'p> Address<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let (name, message) = match path.split_once('/') {
            Some((name, message)) => (name, Some(message)),
            None => (path, None),
        };
        let token = match name {
            "send" => None,
            name => Some(name.strip_suffix(".send")?),
        };
        Some(Self { token, message })
    }
}

/// Whether a path is of this door.
pub fn is_asked_for(path: &str) -> bool {
    Address::of(path).is_some()
}

/// Answers a request to send, or for the fate of what was sent.
pub async fn answer(
    gateway: &Arc<Gateway>,
    client: Client,
    scheme: Scheme,
    request: Request,
) -> Response {
    let base_url = gateway.base_url(scheme, &request);
    let (result, mut response) = match respond(gateway, client, &base_url, request).await {
        Ok((result, data)) => {
            let body = json!({"errcode": 0, "errmsg": "ok", "data": data});
            (result, http::json(StatusCode::OK, &body))
        }
        Err(refusal) => (refusal.word(), refusal.response()),
    };
    let count = gateway.metrics.sends_total.with_label_values(&[result]);
    count.inc();
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The data of the answer, and its metric label.
async fn respond(
    gateway: &Arc<Gateway>,
    client: Client,
    base_url: &str,
    request: Request,
) -> Result<(&'static str, Value), Refusal> {
    let path = request.uri().path().to_owned();
    let address = Address::of(&path).ok_or(Refusal::TokenUnknown)?;
    if !matches!(*request.method(), Method::GET | Method::POST) {
        return Err(Refusal::Method);
    }
    // A browser that only guesses where somebody will go has nothing to say.
    let purposes = ["sec-purpose", "purpose", "x-moz"];
    if purposes
        .iter()
        .any(|name| http::header(&request, name).contains("prefetch"))
    {
        return Err(Refusal::Prefetch);
    }
    let account = gateway.wechat.as_ref().ok_or(Refusal::NotConfigured)?;
    let sends = &account.sends;
    let token = address.token.or(bearer(&request));
    if let (Some(token), Some(id)) = (token, address.message)
        && let Some(message) = sends.fate_by_its_token(token, id).await?
    {
        return match *request.method() {
            Method::GET => Ok(("told", told(id, &message))),
            _ => Err(Refusal::Method),
        };
    }
    let sender = sender(gateway, client, sends, token).await?;
    match address.message {
        Some(id) if request.method() == Method::GET => {
            let message = sends.fate(&sender, id).await?;
            let message = message.ok_or(Refusal::MessageUnknown)?;
            Ok(("told", told(id, &message)))
        }
        Some(_) => Err(Refusal::Method),
        None if !sends.is_possible() => Err(Refusal::NotConfigured),
        None => {
            sends.admit(&sender).await?.map_err(Refusal::Limited)?;
            let patience = gateway.config().limit.header;
            let (text, desp) = parameters::read(request, patience).await?;
            let draft = Draft::new(&text, &desp)?;
            match sends.accept(&sender, &draft, base_url).await? {
                Accepted::Yes { id, url } => Ok(("accepted", json!({"msgid": id, "url": url}))),
                Accepted::Full => Err(Refusal::Full),
            }
        }
    }
}

/// Whose token it is. Whoever tries too many that are none is told so for a while; a token that stands is
/// served all the same, for many share an address, and one of them may have an old one in a script.
async fn sender(
    gateway: &Gateway,
    client: Client,
    sends: &Sends,
    token: Option<&str>,
) -> Result<Sender, Refusal> {
    if let Some(token) = token
        && let Some(sender) = sends.sender(token).await?
    {
        return Ok(sender);
    }
    Err(unknown(gateway, client))
}

/// Counts a token that is none.
fn unknown(gateway: &Gateway, client: Client) -> Refusal {
    let most = gateway.config().send.failures_per_minute;
    if client.hidden {
        return Refusal::TokenUnknown;
    }
    let admitted = gateway.send_failures.admit(client.counted(), most);
    admitted.map_or_else(Refusal::Limited, |()| Refusal::TokenUnknown)
}

/// The token of a request's header.
fn bearer(request: &Request) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?;
    header.to_str().ok()?.strip_prefix("Bearer ")
}

fn told(id: &str, message: &Message) -> Value {
    json!({
        "msgid": id,
        "url": message.url,
        "state": message.state.word(),
        "reason": message.state.reason().map(|reason| reason.word()),
        "accepted_at": message.since,
        "page_ends_at": message.until,
    })
}
