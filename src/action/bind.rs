//! `bind`: ties the person to an account of the site.
//!
//! ```text
//! {"uid":U,"ticket":"T","cmd":"bind","account":"alice"}
//! {"uid":U,"ticket":"T","cmd":"refused","code":"account_taken"}     or person_taken
//! ```

use serde::Serialize;

use super::{Outcome, Scan, Workshop, event, refuse};
use crate::bonds::Bound;
use crate::broker::BrokerError;
use crate::session::{Refusal, SiteAccount};
use crate::texts::Say;

#[derive(Serialize)]
struct Tied<'a> {
    cmd: &'static str,
    account: &'a SiteAccount,
}

pub(super) async fn run(
    account: &SiteAccount,
    scan: &Scan<'_>,
    shop: &Workshop,
) -> Result<Outcome, BrokerError> {
    let cmd = "bind";
    Ok(match shop.bonds.bind(account, scan.person).await? {
        Bound::Yes => Outcome {
            event: event(scan, Tied { cmd, account }),
            say: Say::Bound(account.clone()),
        },
        Bound::AccountTaken => refuse(scan, Refusal::AccountTaken),
        Bound::PersonTaken => refuse(scan, Refusal::PersonTaken),
    })
}
