//! `login`: a one-time token with which the page goes to the site, whose backend exchanges it for
//! who logged in.
//!
//! ```text
//! {"uid":U,"ticket":"T","cmd":"login","token":"…"}
//! ```

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Scan, Workshop, event};
use crate::accounts;
use crate::broker::BrokerError;
use crate::random;
use crate::session::{SiteAccount, hex};
use crate::wechat::openid::OpenId;

#[derive(Serialize)]
struct LoggedIn {
    cmd: &'static str,
    token: String,
}

/// What a login token stands for.
#[derive(Debug, Serialize, Deserialize)]
struct Login {
    openid: String,
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
    let login = Login {
        openid: scan.person.as_str().to_owned(),
    };
    let login = serde_json::to_string(&login).expect("plain data");
    // The person's record, for the unionid that the verification tells.
    shop.accounts.enrol(scan.person).await?;
    shop.broker
        .note(&name("login", &token), &login, shop.login_token_life)
        .await?;
    let cmd = "login";
    Ok(event(scan, LoggedIn { cmd, token }))
}

/// Exchanges a login token, once.
pub async fn verify(token: &str, shop: &Workshop) -> Result<Verified, BrokerError> {
    let Some(login) = shop.broker.noted(&name("login", token)).await? else {
        return Ok(Verified::Unknown);
    };
    let login: Login = serde_json::from_str(&login).expect("noted by this program");
    let openid = OpenId::new(login.openid);
    // Asked before the token is spent: where it fails, the backend can ask again.
    let account = shop.bonds.account_of(&openid).await?;
    let used = name("login-used", token);
    let first = shop
        .broker
        .note_once(&used, "", shop.login_token_life)
        .await?;
    if !first {
        return Ok(Verified::Used);
    }
    Ok(Verified::Person { openid, account })
}

/// Only the token's hash is kept.
fn name(kind: &str, token: &str) -> String {
    format!("{kind}:{}", hex(&accounts::hash(token.as_bytes())))
}
