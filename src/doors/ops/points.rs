//! `/api/v1/accounts/{account}/points`: the balance, read and changed.
//!
//! ```text
//! GET                                    {"account":"alice","balance":42}
//! POST  {"id":"order-1","change":-5}     {"account":"alice","balance":37}
//! ```
//!
//! The same id is done once, and answered again as the first time.

use std::sync::Arc;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{bad, json_body, unavailable};
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::points::Changed;
use crate::session::SiteAccount;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    id: String,
    change: i64,
}

#[derive(Serialize)]
struct Balance<'a> {
    account: &'a SiteAccount,
    balance: u64,
}

/// The longest id, in bytes.
const ID_BYTES: usize = 64;

pub(super) async fn show(gateway: &Gateway, account: &SiteAccount) -> Response {
    match gateway.shop.points.balance(account).await {
        Ok(balance) => http::json(StatusCode::OK, &Balance { account, balance }),
        Err(error) => unavailable(&error),
    }
}

/// 409 `not_enough`, `too_many` or `id_taken` where the change is not made.
pub(super) async fn change(
    gateway: &Arc<Gateway>,
    account: &SiteAccount,
    request: Request,
) -> Response {
    let Wanted { id, change } = match json_body(gateway, request).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    if id.is_empty() || id.len() > ID_BYTES {
        return bad("The id must have 1 to 64 bytes.");
    }
    if change == 0 {
        return bad("A change adds points or takes some.");
    }
    let (code, message) = match gateway.shop.points.change(account, &id, change).await {
        Ok(Changed::Yes(balance)) => {
            return http::json(StatusCode::OK, &Balance { account, balance });
        }
        Ok(Changed::NotEnough) => ("not_enough", "The balance is too small."),
        Ok(Changed::TooMany) => ("too_many", "No balance is over 9007199254740991."),
        Ok(Changed::IdTaken) => ("id_taken", "This id stands for another change."),
        Err(error) => return unavailable(&error),
    };
    http::error(StatusCode::CONFLICT, code, message)
}
