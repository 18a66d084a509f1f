//! `points`: gives points to an account of the site. Where it is bound, only its person may scan.
//!
//! ```text
//! {"uid":U,"ticket":"T","cmd":"points","account":"alice","points":1,"balance":42}
//! {"uid":U,"ticket":"T","cmd":"refused","code":"daily_limit"}       or not_yours
//! ```

use serde::Serialize;

use super::{Outcome, Scan, Workshop, event, refuse};
use crate::broker::BrokerError;
use crate::clock::unix_time;
use crate::points::Credited;
use crate::session::{Refusal, SiteAccount};
use crate::texts::Say;

#[derive(Serialize)]
struct Given<'a> {
    cmd: &'static str,
    account: &'a SiteAccount,
    points: u64,
    balance: u64,
}

pub(super) async fn run(
    account: &SiteAccount,
    scan: &Scan<'_>,
    shop: &Workshop,
) -> Result<Outcome, BrokerError> {
    let owner = shop.bonds.person_of(account).await?;
    if owner.is_some_and(|owner| owner != *scan.person) {
        return Ok(refuse(scan, Refusal::NotYours));
    }
    let credited = shop.points.credit(account, &scan.id(), unix_time()).await?;
    let Credited::Yes { points, balance } = credited else {
        return Ok(refuse(scan, Refusal::DailyLimit));
    };
    let given = Given {
        cmd: "points",
        account,
        points,
        balance,
    };
    Ok(Outcome {
        event: event(scan, given),
        say: Say::Credited { points, balance },
    })
}
