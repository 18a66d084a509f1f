//! `login`: a one-time token with which the page goes to the site, whose backend exchanges it for
//! who logged in.
//!
//! ```text
//! {"uid":U,"ticket":"T","cmd":"login","token":"…"}
//! ```

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Scan, Workshop, event};
use crate::accounts;
use crate::broker::BrokerError;
use crate::clock::unix_time;
use crate::random;
use crate::records::{self, Change, Document};
use crate::session::{SiteAccount, hex};
use crate::wechat::openid::OpenId;

#[derive(Serialize)]
struct LoggedIn {
    cmd: &'static str,
    token: String,
}

/// What a login token stands for, on record under its hash.
#[derive(Clone, Serialize, Deserialize)]
struct Login {
    openid: String,
    /// When its time is over, since 1970.
    ends: Duration,
    /// Whether it was verified.
    used: bool,
}

impl Document for Login {
    const KIND: &'static str = "login";

    fn life(&self) -> Option<Duration> {
        const SHORTEST: Duration = Duration::from_millis(1);
        Some(self.ends.saturating_sub(unix_time()).max(SHORTEST))
    }
}

/// How a verification went.
#[derive(Debug)]
pub enum Verified {
    /// Who logged in; said once.
    Person {
        /// The person.
        openid: OpenId,
        /// The account of the site that is theirs.
        account: Option<SiteAccount>,
    },
    /// The token was verified before.
    Used,
    /// No such token, or its time is over.
    Unknown,
}

pub(super) async fn run(scan: &Scan<'_>, shop: &Workshop) -> Result<Bytes, BrokerError> {
    let token = hex(&random::bytes::<32>());
    // The person's record, for the unionid that the verification tells.
    shop.accounts.enrol(scan.person).await?;
    let login = Login {
        openid: scan.person.as_str().to_owned(),
        ends: unix_time() + shop.login_token_life,
        used: false,
    };
    let put = |_: Option<Login>| (Change::Write(login.clone()), ());
    records::change(&shop.broker, &id(&token), put).await?;
    let cmd = "login";
    Ok(event(scan, LoggedIn { cmd, token }))
}

/// Exchanges a login token, once.
pub async fn verify(token: &str, shop: &Workshop) -> Result<Verified, BrokerError> {
    let id = id(token);
    let login: Option<Login> = records::read(&shop.broker, &id).await?;
    let Some(login) = login else {
        return Ok(Verified::Unknown);
    };
    let openid = OpenId::new(login.openid);
    // Asked before the token is spent: where it fails, the backend can ask again.
    let account = shop.bonds.account_of(&openid).await?;
    let spend = |login: Option<Login>| match login {
        None => (Change::Keep, Verified::Unknown),
        Some(login) if login.used => (Change::Keep, Verified::Used),
        Some(login) => {
            let (openid, account) = (openid.clone(), account.clone());
            let spent = Login {
                used: true,
                ..login
            };
            (Change::Write(spent), Verified::Person { openid, account })
        }
    };
    records::change(&shop.broker, &id, spend).await
}

/// Only the token's hash is kept.
fn id(token: &str) -> String {
    hex(&accounts::hash(token.as_bytes()))
}
