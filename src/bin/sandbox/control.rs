//! The sandbox's own API, for tests and for the phone page. JSON in, JSON out.
//!
//! | request | what |
//! |---|---|
//! | `GET /sandbox/people` | everybody |
//! | `GET /sandbox/codes?limit=12` | the newest codes |
//! | `GET /sandbox/chat?person=mei&after=0` | a chat, from the line after |
//! | `POST /sandbox/scan` | [`Order`]; answers with what the gateway answered |
//! | `POST /sandbox/follow`, `/unfollow` `{"person":…}` | likewise |
//! | `POST /sandbox/mute` `{"person":…,"mute":true}` | template messages no longer reach the person |
//! | `POST /sandbox/say` `{"person":…,"text":…}` | likewise |
//! | `POST`, `DELETE /sandbox/faults` | [`Fault`]: the API misbehaves for a while |
//! | `POST /sandbox/token/invalidate` `{"sticky":false}` | the access tokens die |
//! | `GET`, `DELETE /sandbox/calls` | how often each endpoint was called |

use std::sync::Arc;

use hyper::body::Bytes;
use scangate::wechat::query::Query;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api;
use crate::chat::Said;
use crate::codes::Code;
use crate::faults::Fault;
use crate::http::{Answer, Request};
use crate::scan::{self, Order, Refused, Report};
use crate::state::{Sandbox, now};

/// Codes listed when no limit is given.
const LISTED: usize = 12;

#[derive(Deserialize)]
struct Who {
    person: String,
}

#[derive(Deserialize)]
struct Words {
    person: String,
    text: String,
}

#[derive(Deserialize)]
struct Muting {
    person: String,
    mute: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Invalidation {
    sticky: bool,
}

/// Answers `/sandbox/{verb}`.
pub async fn answer(verb: &str, request: &Request, sandbox: &Arc<Sandbox>) -> Answer {
    let outcome = match (request.method.as_str(), verb) {
        ("POST", "scan") => {
            act(&request.body, async |order: Order| {
                scan::scan(sandbox, order).await
            })
            .await
        }
        ("POST", "follow") => {
            act(&request.body, async |who: Who| {
                scan::follow(sandbox, &who.person).await
            })
            .await
        }
        ("POST", "unfollow") => {
            act(&request.body, async |who: Who| {
                scan::unfollow(sandbox, &who.person).await
            })
            .await
        }
        ("POST", "say") => {
            let say = async |words: Words| scan::say(sandbox, &words.person, &words.text).await;
            act(&request.body, say).await
        }
        _ => settle(verb, request, sandbox),
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

/// The verbs that wait for nobody.
fn settle(verb: &str, request: &Request, sandbox: &Sandbox) -> Result<Answer, Answer> {
    let mut state = sandbox.state();
    let done = || Ok(Answer::json(200, &json!({"ok": true})));
    match (request.method.as_str(), verb) {
        ("GET", "people") => {
            let people: Vec<Value> = state
                .people
                .iter()
                .map(|person| {
                    json!({
                        "id": person.id, "name": person.name, "openid": person.openid,
                        "unionid": person.unionid, "follows": person.following_since.is_some(),
                        "mute": person.is_mute,
                    })
                })
                .collect();
            Ok(Answer::json(200, &json!({ "people": people })))
        }
        ("GET", "codes") => {
            let query = parse_query(request)?;
            let limit = query.get("limit").and_then(|text| text.parse().ok());
            let id = query.get("id");
            let codes = state
                .codes
                .newest()
                .filter(|code| id.is_none_or(|id| id == code.id));
            let codes: Vec<Value> = codes.take(limit.unwrap_or(LISTED)).map(describe).collect();
            Ok(Answer::json(200, &json!({"now": now(), "codes": codes})))
        }
        ("GET", "chat") => {
            let query = parse_query(request)?;
            let after = query
                .get("after")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            let name = query.get("person").unwrap_or_default();
            let person = state
                .people
                .find(name)
                .ok_or_else(|| refuse(&Refused::UnknownPerson))?;
            let lines: Vec<_> = person.chat.after(after).collect();
            Ok(Answer::json(
                200,
                &json!({"person": person.id, "lines": lines}),
            ))
        }
        ("POST", "mute") => {
            let order: Muting = parse(&request.body)?;
            let person = state.people.find(&order.person);
            let person = person.ok_or_else(|| refuse(&Refused::UnknownPerson))?;
            person.is_mute = order.mute;
            let note = if order.mute { "muted" } else { "unmuted" };
            person.chat.add(Said::note(note, ""));
            done()
        }
        ("POST", "faults") => {
            let fault: Fault = parse(&request.body)?;
            if fault.endpoint != "*" && !api::is_label(&fault.endpoint) {
                let message = "No endpoint has this label; GET /sandbox/calls shows some.";
                return Err(Answer::error(400, "unknown_endpoint", message));
            }
            match state.faults.add(fault) {
                Ok(()) => done(),
                Err(why) => Err(Answer::error(409, "too_many", why)),
            }
        }
        ("DELETE", "faults") => {
            state.faults.clear();
            done()
        }
        ("POST", "token/invalidate") => {
            let order = if request.body.is_empty() {
                Invalidation::default()
            } else {
                parse(&request.body)?
            };
            state.tokens.invalidate(order.sticky);
            done()
        }
        ("GET", "calls") => Ok(Answer::json(200, &json!(state.faults.calls()))),
        ("DELETE", "calls") => {
            state.faults.forget_calls();
            done()
        }
        _ => Err(Answer::error(404, "not_found", "There is no such verb.")),
    }
}

/// Parses an order, carries it out, and reports.
async fn act<T: DeserializeOwned>(
    body: &Bytes,
    deed: impl AsyncFnOnce(T) -> Result<Report, Refused>,
) -> Result<Answer, Answer> {
    let report = deed(parse(body)?).await.map_err(|why| refuse(&why))?;
    Ok(Answer::json(200, &json!(report)))
}

fn describe(code: &Code) -> Value {
    let now = now();
    json!({
        "id": code.id, "ticket": code.ticket, "scene": code.scene, "url": code.url, "scans": code.scans,
        "created_at": code.created_at, "expires_at": code.expires_at(), "expired": code.is_expired(now),
    })
}

fn refuse(why: &Refused) -> Answer {
    let (status, code, message) = match why {
        Refused::UnknownPerson => (404, "unknown_person", "Nobody has this id or openid."),
        Refused::UnknownCode => (404, "unknown_code", "No code has this ticket, scene or id."),
        Refused::Expired => (
            410,
            "code_expired",
            "The platform sends nothing for an expired code.",
        ),
        Refused::NeverEnds => (
            400,
            "never_ends",
            "A permanent code cannot be scanned late.",
        ),
    };
    Answer::error(status, code, message)
}

fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|why| Answer::error(400, "bad_json", &why.to_string()))
}

fn parse_query(request: &Request) -> Result<Query, Answer> {
    Query::parse(&request.query).map_err(|why| Answer::error(400, "bad_query", &why.to_string()))
}
