//! Persons, their send tokens and the installation's secret, kept in Redis.

use std::time::SystemTime;

use fred::interfaces::{HashesInterface, KeysInterface};
use fred::types::SetOptions;

use super::Redis;
use super::link::failure;
use crate::broker::{Account, BrokerError, SecretHash};
use crate::random;
use crate::session::hex;

impl Redis {
    pub(in crate::broker) async fn account(
        &self,
        person: &str,
    ) -> Result<Option<Account>, BrokerError> {
        let fields: Vec<Option<String>> = self
            .link
            .commands
            .hmget(
                self.keys.account(person),
                vec!["generation", "unionid", "profiled", "since"],
            )
            .await
            .map_err(failure)?;
        let [generation, unionid, profiled, since] =
            <[_; 4]>::try_from(fields).map_err(|_| BrokerError::Unavailable)?;
        Ok(since.map(|since| Account {
            token_generation: generation
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            unionid,
            profiled: profiled.is_some(),
            since: since.parse().unwrap_or_default(),
        }))
    }

    /// The token first, then the account that names its generation: a crash between the two leaves
    /// a token that the next call makes again, the same one.
    pub(in crate::broker) async fn enrol(
        &self,
        person: &str,
        first_token: SecretHash,
    ) -> Result<Account, BrokerError> {
        if let Some(account) = self.account(person).await? {
            return Ok(account);
        }
        let commands = &self.link.commands;
        let token = self.keys.token(&hex(&first_token));
        let _: Option<String> = commands
            .set(token, person, None, Some(SetOptions::NX), false)
            .await
            .map_err(failure)?;
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let _: bool = commands
            .hsetnx(self.keys.account(person), "since", since.to_string())
            .await
            .map_err(failure)?;
        let account = self.account(person).await?;
        account.ok_or(BrokerError::Unavailable)
    }

    pub(in crate::broker) async fn profile(
        &self,
        person: &str,
        unionid: Option<&str>,
    ) -> Result<(), BrokerError> {
        if self.account(person).await?.is_none() {
            return Ok(());
        }
        let mut fields = vec![("profiled", "1")];
        fields.extend(unionid.map(|unionid| ("unionid", unionid)));
        let _: i64 = self
            .link
            .commands
            .hset(self.keys.account(person), fields)
            .await
            .map_err(failure)?;
        Ok(())
    }

    pub(in crate::broker) async fn token_owner(
        &self,
        token: SecretHash,
    ) -> Result<Option<String>, BrokerError> {
        let key = self.keys.token(&hex(&token));
        self.link.commands.get(key).await.map_err(failure)
    }

    pub(in crate::broker) async fn installation_secret(&self) -> Result<[u8; 32], BrokerError> {
        let commands = &self.link.commands;
        let fresh = hex(&random::bytes::<32>());
        let _: Option<String> = commands
            .set(self.keys.secret(), fresh, None, Some(SetOptions::NX), false)
            .await
            .map_err(failure)?;
        let secret: String = commands.get(self.keys.secret()).await.map_err(failure)?;
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(secret.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).map_err(|_| BrokerError::Unavailable)?;
        }
        Ok(bytes)
    }
}
