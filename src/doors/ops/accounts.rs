//! `/api/v1/accounts/{account}` and `/api/v1/people/{openid}`: who belongs to an account of the site,
//! and which account a person has.
//!
//! ```text
//! GET     /api/v1/accounts/alice        {"account":"alice","openid":"o…","unionid":"…","points":42}
//! PUT     /api/v1/accounts/alice/bond   {"openid":"o…"} → 204, or 409
//! DELETE  /api/v1/accounts/alice/bond   204, or 404
//! GET     /api/v1/people/o…             {"openid":"o…","unionid":"…","account":"alice","since":1795383429,"has_token":true}
//! ```
//!
//! What is not there is null, and 0 points: every name is an account's.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::{bad, json_body, points, tokens, unavailable};
use crate::bonds::Bound;
use crate::broker::BrokerError;
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::session::SiteAccount;
use crate::wechat::openid::OpenId;
use crate::wechat::query;

#[derive(Serialize)]
struct AccountView<'a> {
    account: &'a SiteAccount,
    openid: Option<String>,
    unionid: Option<String>,
    points: u64,
}

#[derive(Serialize)]
struct PersonView<'a> {
    openid: &'a str,
    unionid: Option<String>,
    account: Option<SiteAccount>,
    /// Unix seconds of the first scan; None for a person who was bound without one.
    since: Option<u64>,
    has_token: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    openid: String,
}

/// Answers for what stands behind `accounts/`.
pub(super) async fn answer(gateway: &Arc<Gateway>, path: &str, request: Request) -> Response {
    let (name, resource) = path.split_once('/').unwrap_or((path, ""));
    let Some(account) = query::unescape(name).and_then(SiteAccount::new) else {
        return bad("An account is 1 to 128 bytes without control characters.");
    };
    let method = request.method().clone();
    match (resource, method) {
        ("", Method::GET) => found(show(gateway, &account).await),
        ("", _) => http::method_not_allowed("GET"),
        ("bond", Method::PUT) => bind(gateway, &account, request).await,
        ("bond", Method::DELETE) => found(unbind(gateway, &account).await),
        ("bond", _) => http::method_not_allowed("PUT, DELETE"),
        ("points", Method::GET) => points::show(gateway, &account).await,
        ("points", Method::POST) => points::change(gateway, &account, request).await,
        ("points", _) => http::method_not_allowed("GET, POST"),
        _ => http::not_found(),
    }
}

/// Answers for what stands behind `people/`.
pub(super) async fn people(gateway: &Arc<Gateway>, path: &str, method: &Method) -> Response {
    let token_of = path.strip_suffix("/token");
    let Some(person) = query::unescape(token_of.unwrap_or(path)).and_then(open_id) else {
        return bad(NO_OPENID);
    };
    match method {
        method if token_of.is_some() => tokens::answer(gateway, &person, method).await,
        &Method::GET => found(show_person(gateway, &person).await),
        _ => http::method_not_allowed("GET"),
    }
}

async fn show(gateway: &Gateway, account: &SiteAccount) -> Result<Response, BrokerError> {
    let shop = &gateway.shop;
    let person = shop.bonds.person_of(account).await?;
    let known = match &person {
        Some(person) => shop.accounts.person(person).await?,
        None => None,
    };
    let view = AccountView {
        account,
        openid: person.map(|person| person.as_str().to_owned()),
        unionid: known.and_then(|known| known.unionid),
        points: shop.points.balance(account).await?,
    };
    Ok(http::json(StatusCode::OK, &view))
}

async fn show_person(gateway: &Gateway, person: &OpenId) -> Result<Response, BrokerError> {
    let known = gateway.shop.accounts.person(person).await?;
    let account = gateway.shop.bonds.account_of(person).await?;
    if known.is_none() && account.is_none() {
        let text = "Nobody of this openid has scanned here, or was bound.";
        return Ok(http::error(StatusCode::NOT_FOUND, "person_unknown", text));
    }
    let since = known.as_ref().map(|known| known.since);
    let has_token = known
        .as_ref()
        .is_some_and(|known| known.token_salt.is_some());
    let view = PersonView {
        openid: person.as_str(),
        unionid: known.and_then(|known| known.unionid),
        account,
        since,
        has_token,
    };
    Ok(http::json(StatusCode::OK, &view))
}

async fn bind(gateway: &Arc<Gateway>, account: &SiteAccount, request: Request) -> Response {
    let wanted: Wanted = match json_body(gateway, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let Some(person) = open_id(wanted.openid) else {
        return bad(NO_OPENID);
    };
    let conflict = |code, message| http::error(StatusCode::CONFLICT, code, message);
    match gateway.shop.bonds.bind(account, &person).await {
        Ok(Bound::Yes) => http::empty(StatusCode::NO_CONTENT),
        Ok(Bound::AccountTaken) => conflict("account_taken", "The account is another person's."),
        Ok(Bound::PersonTaken) => conflict("person_taken", "The person has another account."),
        Err(error) => unavailable(&error),
    }
}

async fn unbind(gateway: &Gateway, account: &SiteAccount) -> Result<Response, BrokerError> {
    let bonds = &gateway.shop.bonds;
    if let Some(person) = bonds.person_of(account).await?
        && bonds.unbind(account, &person, "api").await?
    {
        return Ok(http::empty(StatusCode::NO_CONTENT));
    }
    let text = "The account is nobody's.";
    Ok(http::error(StatusCode::NOT_FOUND, "not_bound", text))
}

fn found(answer: Result<Response, BrokerError>) -> Response {
    answer.unwrap_or_else(|error| unavailable(&error))
}

const NO_OPENID: &str = "An openid is 1 to 64 letters, digits, - and _.";

fn open_id(text: String) -> Option<OpenId> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then(|| OpenId::new(text))
}
