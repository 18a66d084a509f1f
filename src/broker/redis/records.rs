//! Records and the installation's secret, kept in Redis.
//!
//! A record is a hash with its version (`v`) and its text (`t`). Versions are microseconds of
//! Redis's clock, so that a record that was removed and made anew never has an old one again.

use std::time::Duration;

use fred::interfaces::{HashesInterface, KeysInterface};
use fred::types::SetOptions;

use super::Redis;
use super::answer::Answer;
use crate::broker::{BrokerError, Record};
use crate::random;
use crate::session::hex;

impl Redis {
    pub(in crate::broker) async fn read(&self, name: &str) -> Result<Option<Record>, BrokerError> {
        let key = self.keys.record_of(name);
        let fields = self.link.commands.hmget(key, vec!["v", "t"]);
        let fields: Vec<Option<String>> = self.plain.hmget.watch(fields).await?;
        let [version, text] = <[_; 2]>::try_from(fields).map_err(|_| BrokerError::Unavailable)?;
        let version = version.and_then(|version| version.parse().ok());
        Ok(version
            .zip(text)
            .map(|(version, text)| Record { version, text }))
    }

    pub(in crate::broker) async fn write(
        &self,
        name: &str,
        known: u64,
        text: Option<&str>,
        life: Option<Duration>,
    ) -> Result<bool, BrokerError> {
        let key = self.keys.record_of(name);
        let life = life.map_or(0, |life| life.as_millis().max(1));
        let mut arguments = vec![known.to_string(), life.to_string()];
        arguments.extend(text.map(str::to_owned));
        let keys = vec![key.clone()];
        let write = &self.scripts.write;
        let begun = self.replicas.begin();
        let answer = self.link.call_durably(write, keys, arguments).await?;
        if Answer::of(answer).number() == 0 {
            return Ok(false);
        }
        self.replicas.wait(begun, &self.link.pushes, &key).await?;
        Ok(true)
    }

    pub(in crate::broker) async fn installation_secret(&self) -> Result<[u8; 32], BrokerError> {
        let begun = self.replicas.begin();
        self.put_secret(&hex(&random::bytes::<32>())).await?;
        let key = self.keys.secret();
        // What derives from a secret that a failover forgets would be void.
        self.replicas.wait(begun, &self.link.pushes, &key).await?;
        let secret: String = self.plain.get.watch(self.link.commands.get(key)).await?;
        let _ = self.secret.set(secret.clone());
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(secret.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).map_err(|_| BrokerError::Unavailable)?;
        }
        Ok(bytes)
    }

    /// Gives a Redis that has lost everything the secret that this node goes on with: nodes that start
    /// later shall derive the same tokens from it.
    pub(super) async fn restore_secret(&self) -> Result<(), BrokerError> {
        match self.secret.get() {
            Some(secret) => self.put_secret(secret).await,
            None => Ok(()),
        }
    }

    async fn put_secret(&self, secret: &str) -> Result<(), BrokerError> {
        let key = self.keys.secret();
        let once = Some(SetOptions::NX);
        let put = self.link.pushes.set(key, secret, None, once, false);
        let _: Option<String> = self.plain.set.watch(put).await?;
        Ok(())
    }
}
