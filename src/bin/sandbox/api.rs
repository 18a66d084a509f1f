//! The platform's API: the calls that the gateway makes, with their documented answers and errors.
//!
//! As at the platform the HTTP status is 200 whatever happens; `errcode` tells.

mod message;
mod qrcode;

use std::future::pending;
use std::sync::Arc;

use hyper::Method;
use hyper::body::Bytes;
use scangate::wechat::query::Query;
use serde_json::{Value, json};

use crate::faults::Verdict;
use crate::http::{Answer, Request};
use crate::picture;
use crate::random;
use crate::state::{Sandbox, now};

/// How often a month the quota may be cleared.
const CLEARINGS: u32 = 10;

/// The success of a call, or its errcode.
type Reply = Result<Value, i64>;

/// Answers the call `/cgi-bin/{call}`.
pub async fn answer(call: &str, request: &Request, sandbox: &Arc<Sandbox>) -> Answer {
    let Some((_, label, method)) = ENDPOINTS.into_iter().find(|known| known.0 == call) else {
        return fail(40066);
    };
    let (delay, verdict) = sandbox.state().faults.meet(label);
    tokio::time::sleep(delay).await;
    match verdict {
        Verdict::Pass => {}
        Verdict::Errcode(errcode) => return fail(errcode),
        Verdict::Status(status) => {
            return Answer::new(status, "text/html", "<html><body>Bad Gateway</body></html>");
        }
        Verdict::Garbage => return Answer::new(200, "text/html", "<!doctype html><\u{0}\u{1}"),
        Verdict::Hang => return pending().await,
    }
    let Ok(query) = Query::parse(&request.query) else {
        return fail(47001);
    };
    if label == "showqrcode" {
        return show(sandbox, query.get("ticket").unwrap_or_default());
    }
    if request.method != method {
        return fail(if method == Method::POST { 43002 } else { 43001 });
    }
    match run(label, &query, &request.body, sandbox) {
        // The platform escapes slashes.
        Ok(reply) => Answer::new(200, JSON, reply.to_string().replace('/', "\\/")),
        Err(errcode) => fail(errcode),
    }
}

/// As the platform spells it.
const JSON: &str = "application/json; encoding=utf-8";

/// Every call, its label and its method.
const ENDPOINTS: [(&str, &str, Method); 9] = [
    ("token", "token", Method::GET),
    ("stable_token", "stable_token", Method::POST),
    ("qrcode/create", "qrcode_create", Method::POST),
    ("showqrcode", "showqrcode", Method::GET),
    ("message/template/send", "template_send", Method::POST),
    ("message/custom/send", "custom_send", Method::POST),
    ("user/info", "user_info", Method::GET),
    ("getcallbackip", "getcallbackip", Method::GET),
    ("clear_quota", "clear_quota", Method::POST),
];

/// Whether some endpoint is labelled so.
pub fn is_label(label: &str) -> bool {
    ENDPOINTS.iter().any(|endpoint| endpoint.1 == label)
}

fn run(label: &str, query: &Query, body: &Bytes, sandbox: &Arc<Sandbox>) -> Reply {
    match label {
        "token" => return token(query, sandbox),
        "stable_token" => return stable_token(&parse(body)?, sandbox),
        _ => {}
    }
    let token = query.get("access_token").unwrap_or_default();
    sandbox.state().tokens.check(token, now())?;
    match label {
        "qrcode_create" => qrcode::create(&parse(body)?, sandbox),
        "template_send" => message::send_template(&parse(body)?, sandbox),
        "custom_send" => message::send_custom(&parse(body)?, sandbox),
        "user_info" => user_info(query, sandbox),
        "clear_quota" => clear_quota(&parse(body)?, sandbox),
        _ => Ok(json!({"ip_list": ["127.0.0.1", "::1/128"]})),
    }
}

fn token(query: &Query, sandbox: &Sandbox) -> Reply {
    if query.get("grant_type") != Some("client_credential") {
        return Err(40002);
    }
    check_account(query.get("appid"), query.get("secret"), sandbox)?;
    let (token, expires_in) = sandbox.state().tokens.fresh(now());
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}

fn stable_token(body: &Value, sandbox: &Sandbox) -> Reply {
    if body["grant_type"] != "client_credential" {
        return Err(40002);
    }
    check_account(body["appid"].as_str(), body["secret"].as_str(), sandbox)?;
    let force = body["force_refresh"] == true;
    let (token, expires_in) = sandbox.state().tokens.stable(now(), force)?;
    Ok(json!({"access_token": token, "expires_in": expires_in}))
}

fn check_account(id: Option<&str>, secret: Option<&str>, sandbox: &Sandbox) -> Result<(), i64> {
    let settings = &sandbox.settings;
    match (id.unwrap_or_default(), secret.unwrap_or_default()) {
        ("", _) => Err(41002),
        (_, "") => Err(41004),
        (id, _) if id != settings.app_id => Err(40013),
        (_, secret) if secret != settings.app_secret => Err(40125),
        _ => Ok(()),
    }
}

fn user_info(query: &Query, sandbox: &Sandbox) -> Reply {
    let mut state = sandbox.state();
    let openid = query.get("openid").unwrap_or_default();
    let person = state.people.find(openid).ok_or(40003)?;
    let Some(since) = person.following_since else {
        return Ok(json!({"subscribe": 0, "openid": person.openid}));
    };
    let scene = &person.came_by;
    let by_code = !scene.is_empty();
    Ok(json!({
        "subscribe": 1, "openid": person.openid, "language": "", "subscribe_time": since,
        "unionid": person.unionid, "remark": "", "groupid": 0, "tagid_list": [],
        "subscribe_scene": if by_code { "ADD_SCENE_QR_CODE" } else { "ADD_SCENE_SEARCH" },
        "qr_scene": scene.parse::<u32>().unwrap_or(0),
        "qr_scene_str": if scene.parse::<u32>().is_ok() { "" } else { scene },
    }))
}

fn clear_quota(body: &Value, sandbox: &Sandbox) -> Reply {
    if body["appid"] != sandbox.settings.app_id.as_str() {
        return Err(40013);
    }
    let mut state = sandbox.state();
    if state.clearings == CLEARINGS {
        return Err(48006);
    }
    state.clearings += 1;
    state.quota.clear();
    Ok(json!({"errcode": 0, "errmsg": "ok"}))
}

fn show(sandbox: &Sandbox, ticket: &str) -> Answer {
    let mut state = sandbox.state();
    let code = state.codes.find(|code| code.ticket == ticket);
    match code.and_then(|code| picture::svg(&code.url)) {
        Some(svg) => Answer::new(200, "image/svg+xml", svg),
        None => Answer::new(404, "text/plain; charset=utf-8", ""),
    }
}

fn parse(body: &Bytes) -> Reply {
    serde_json::from_slice(body).map_err(|_| 47001)
}

/// An errcode in the platform's form; a `rid` at the end, for whoever wants to complain.
fn fail(errcode: i64) -> Answer {
    let message = match errcode {
        -1 => "system error",
        40001 => "invalid credential, access_token is invalid or not latest",
        40002 => "invalid grant_type",
        40003 => "invalid openid",
        40013 => "invalid appid",
        40014 => "invalid access_token",
        40036 => "invalid template_id size",
        40037 => "invalid template_id",
        40052 => "invalid action name",
        40053 => "invalid action info",
        40066 => "invalid url",
        40125 => "invalid appsecret",
        40164 => "invalid ip 203.0.113.4, not in whitelist",
        40241 => "the same message was sent within 60 seconds",
        41001 => "access_token missing",
        41002 => "appid missing",
        41004 => "appsecret missing",
        42001 => "access_token expired",
        43001 => "require GET method",
        43002 => "require POST method",
        43004 => "require subscribe",
        43101 => "user refuse to accept the msg",
        43117 => "too many messages for this user",
        45009 => "reach max api daily quota limit",
        45011 => "api minute-quota reach limit, must slower, retry next minute",
        45015 => "response out of time limit or subscription is canceled",
        45047 => "out of response count limit",
        47001 => "data format error",
        47003 => "argument invalid",
        48001 => "api unauthorized",
        48006 => "forbid to clear quota because of reaching the limit",
        _ => "an error of the sandbox's imagination",
    };
    let rid = || u32::from_le_bytes(random::bytes());
    let rid = format!("{:08x}-{:08x}-{:08x}", rid(), rid(), rid());
    let errmsg = format!("{message} rid: {rid}");
    let body = json!({"errcode": errcode, "errmsg": errmsg});
    Answer::new(200, JSON, body.to_string())
}
