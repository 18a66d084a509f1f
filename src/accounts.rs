//! Persons and what is theirs: the send token, and what the platform knows of them.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::broker::{Account, Broker, BrokerError, SecretHash};
use crate::session::hex;
use crate::wechat::api::Api;
use crate::wechat::openid::OpenId;

/// The accounts of this installation.
#[derive(Debug)]
pub struct Accounts {
    broker: Broker,
    secret: OnceCell<[u8; 32]>,
}

/// What every send token begins with, so that people and secret scanners know one when they see it.
const PREFIX: &str = "SG";

impl Accounts {
    /// The accounts kept at `broker`.
    pub fn new(broker: Broker) -> Arc<Self> {
        Arc::new(Self {
            broker,
            secret: OnceCell::new(),
        })
    }

    /// The person's send token, made at the first call: `SG` and 64 hexadecimal digits.
    ///
    /// It is derived from the installation's secret, not stored: a second scan shows the same
    /// token, yet the record of a person holds only what it is derived from, and its hash.
    pub async fn send_token(&self, person: &OpenId) -> Result<String, BrokerError> {
        let first = self.derive(person, 0).await?;
        let account = self
            .broker
            .enrol(person.as_str(), hash(first.as_bytes()))
            .await?;
        self.derive(person, account.token_generation).await
    }

    /// The person's record, made at the first call.
    pub async fn account(&self, person: &OpenId) -> Result<Account, BrokerError> {
        let first = self.derive(person, 0).await?;
        self.broker
            .enrol(person.as_str(), hash(first.as_bytes()))
            .await
    }

    /// The person's unionid, asked of the platform once; None where the account has none to tell.
    /// Where the platform does not answer, the next call asks again.
    pub async fn unionid(&self, person: &OpenId, api: &Api) -> Result<Option<String>, BrokerError> {
        let account = self.account(person).await?;
        if account.profiled {
            return Ok(account.unionid);
        }
        match api.person(person).await {
            Ok(told) => {
                let unionid = told.unionid.as_deref();
                self.broker.profile(person.as_str(), unionid).await?;
                Ok(told.unionid)
            }
            Err(error) => {
                tracing::warn!(%error, %person, "could not ask for the unionid");
                Ok(account.unionid)
            }
        }
    }

    async fn derive(&self, person: &OpenId, generation: u32) -> Result<String, BrokerError> {
        let secret = self
            .secret
            .get_or_try_init(|| self.broker.installation_secret())
            .await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length will do");
        mac.update(b"send token\0");
        mac.update(&generation.to_be_bytes());
        mac.update(person.as_str().as_bytes());
        Ok(format!("{PREFIX}{}", hex(&mac.finalize().into_bytes())))
    }
}

/// What a secret is looked up by.
pub fn hash(secret: &[u8]) -> SecretHash {
    Sha256::digest(secret).into()
}
