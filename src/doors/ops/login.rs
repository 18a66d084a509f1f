//! `POST /api/v1/login/verify` `{"token":"…"}`: who logged in, told once.
//!
//! ```text
//! {"openid":"o…","unionid":"…","account":"alice"}
//! ```
//!
//! `unionid` is null where the official account has none or WeChat does not tell it in time, `account`
//! where the person is bound to none of the site's.

use std::sync::Arc;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{json_body, unavailable};
use crate::action::login::{self, Verified};
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::session::SiteAccount;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    token: String,
}

#[derive(Serialize)]
struct Person {
    openid: String,
    unionid: Option<String>,
    account: Option<SiteAccount>,
}

pub(super) async fn verify(gateway: &Arc<Gateway>, request: Request) -> Response {
    let body: Body = match json_body(gateway, request).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let (openid, account) = match login::verify(&body.token, &gateway.shop).await {
        Ok(Verified::Person { openid, account }) => (openid, account),
        Ok(Verified::Used) => {
            return http::error(
                StatusCode::GONE,
                "token_used",
                "This token was verified before.",
            );
        }
        Ok(Verified::Unknown) => {
            return http::error(
                StatusCode::NOT_FOUND,
                "token_unknown",
                "There is no such token, or it has expired.",
            );
        }
        Err(error) => return unavailable(&error),
    };
    let unionid = match &gateway.wechat {
        None => None,
        Some(wechat) => {
            let accounts = &gateway.shop.accounts;
            match accounts.unionid(&openid, &wechat.api).await {
                Ok(unionid) => unionid,
                Err(error) => {
                    // The token is spent: who logged in must be told all the same.
                    tracing::warn!(%error, "could not look up a unionid");
                    None
                }
            }
        }
    };
    let person = Person {
        openid: openid.as_str().to_owned(),
        unionid,
        account,
    };
    http::json(StatusCode::OK, &person)
}
