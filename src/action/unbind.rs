//! `unbind`: unties the person from an account of the site.
//!
//! ```text
//! {"uid":U,"ticket":"T","cmd":"unbind","account":"alice"}
//! {"uid":U,"ticket":"T","cmd":"refused","code":"not_bound"}
//! ```

use serde::Serialize;

use super::{Outcome, Scan, Workshop, event, refuse};
use crate::broker::BrokerError;
use crate::session::{Refusal, SiteAccount};
use crate::texts::Say;

#[derive(Serialize)]
struct Untied<'a> {
    cmd: &'static str,
    account: &'a SiteAccount,
}

pub(super) async fn run(
    account: &SiteAccount,
    scan: &Scan<'_>,
    shop: &Workshop,
) -> Result<Outcome, BrokerError> {
    let bonds = &shop.bonds;
    if !bonds.unbind(account, scan.person, &scan.id()).await? {
        return Ok(refuse(scan, Refusal::NotBound));
    }
    let cmd = "unbind";
    Ok(Outcome {
        event: event(scan, Untied { cmd, account }),
        say: Say::Unbound(account.clone()),
    })
}
