//! `/api/v1/people/{openid}/token`: the operator's hand on a person's send token.
//!
//! ```text
//! POST    200 {"token":"SG…","url":"https://…/SG….send"}   another one; the one so far is void
//! DELETE  204                                              void; or 404 no_token
//! ```
//!
//! `url` is null where `public.url` is not set: the address of this listener is nobody else's.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use serde_json::json;

use super::unavailable;
use crate::gateway::Gateway;
use crate::http::{self, Response};
use crate::random;
use crate::session::hex;
use crate::wechat::openid::OpenId;

pub(super) async fn answer(gateway: &Arc<Gateway>, person: &OpenId, method: &Method) -> Response {
    match *method {
        Method::POST => renew(gateway, person).await,
        Method::DELETE => revoke(gateway, person).await,
        _ => http::method_not_allowed("POST, DELETE"),
    }
}

async fn renew(gateway: &Gateway, person: &OpenId) -> Response {
    let accounts = &gateway.shop.accounts;
    match accounts.person(person).await {
        Ok(Some(_)) => {}
        Ok(None) => {
            let text = "Nobody of this openid has scanned here.";
            return http::error(StatusCode::NOT_FOUND, "person_unknown", text);
        }
        Err(error) => return unavailable(&error),
    }
    let occasion = hex(&random::bytes::<16>());
    match accounts.renew_token(person, &occasion, 0).await {
        Ok(token) => {
            let config = gateway.config();
            let base_url = config.public.url.as_ref();
            let url = base_url.map(|base_url| format!("{base_url}/{token}.send"));
            http::json(StatusCode::OK, &json!({"token": token, "url": url}))
        }
        Err(error) => unavailable(&error),
    }
}

async fn revoke(gateway: &Gateway, person: &OpenId) -> Response {
    match gateway.shop.accounts.revoke_token(person).await {
        Ok(true) => http::empty(StatusCode::NO_CONTENT),
        Ok(false) => {
            let text = "This person has no send token.";
            http::error(StatusCode::NOT_FOUND, "no_token", text)
        }
        Err(error) => unavailable(&error),
    }
}
