//! `token`: the person's own send token, shown on the page with its URL.
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
    let token = shop.accounts.send_token(scan.person).await?;
    let url = format!("{}/{token}.send", scan.base_url);
    Ok(event(scan, Shown { token, url }))
}
