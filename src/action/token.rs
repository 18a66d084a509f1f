//! `token` and `renew`: the person's own send token, or another one, shown on the page with its URL.
//!
//! ```text
//! {"uid":U,"ticket":"T","token":"SG…","url":"https://…/SG….send"}
//! ```
//!
//! No `cmd`: the original's page shows every object that has a `token` and no `cmd`.

use bytes::Bytes;
use serde::Serialize;

use super::{Scan, Workshop, event};
use crate::broker::BrokerError;

#[derive(Serialize)]
struct Shown {
    token: String,
    url: String,
}

pub(super) async fn run(scan: &Scan<'_>, shop: &Workshop) -> Result<Bytes, BrokerError> {
    let token = shop.accounts.send_token(scan.person, scan.happened).await?;
    Ok(shown(scan, token))
}

/// `renew`: another token; the one so far is void.
pub(super) async fn renew(scan: &Scan<'_>, shop: &Workshop) -> Result<Bytes, BrokerError> {
    let (person, occasion) = (scan.person, scan.id());
    let renewed = shop.accounts.renew_token(person, &occasion, scan.happened);
    let token = renewed.await?;
    Ok(shown(scan, token))
}

fn shown(scan: &Scan<'_>, token: String) -> Bytes {
    let url = format!("{}/{token}.send", scan.base_url);
    event(scan, Shown { token, url })
}
