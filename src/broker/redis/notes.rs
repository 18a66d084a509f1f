//! Notes, kept in Redis: small texts under a name with a life, and counts.

use std::time::Duration;

use fred::interfaces::KeysInterface;
use fred::types::{Expiration, SetOptions};

use super::{Answer, Redis};
use crate::broker::{BrokerError, Counted};

impl Redis {
    pub(in crate::broker) async fn note_once(
        &self,
        name: &str,
        value: &str,
        life: Duration,
    ) -> Result<bool, BrokerError> {
        let key = self.keys.note(name);
        let once = Some(SetOptions::NX);
        let commands = &self.link.commands;
        let set = commands.set(key, value, Some(life_of(life)), once, false);
        let set: Option<String> = self.plain.set.watch(set).await?;
        Ok(set.is_some())
    }

    pub(in crate::broker) async fn note(
        &self,
        name: &str,
        value: &str,
        life: Duration,
    ) -> Result<(), BrokerError> {
        let key = self.keys.note(name);
        let commands = &self.link.commands;
        let set = commands.set(key, value, Some(life_of(life)), None, false);
        self.plain.set.watch(set).await
    }

    pub(in crate::broker) async fn forget(
        &self,
        name: &str,
        value: &str,
    ) -> Result<(), BrokerError> {
        let keys = vec![self.keys.note(name)];
        let forget = &self.scripts.forget;
        self.link
            .call(forget, keys, vec![value.to_owned()])
            .await
            .map(drop)
    }

    pub(in crate::broker) async fn noted(&self, name: &str) -> Result<Option<String>, BrokerError> {
        let key = self.keys.note(name);
        self.plain.get.watch(self.link.commands.get(key)).await
    }

    pub(in crate::broker) async fn count(
        &self,
        name: &str,
        life: Duration,
    ) -> Result<Counted, BrokerError> {
        let keys = vec![self.keys.note(name)];
        let arguments = vec![life.as_millis().to_string()];
        let answer = self.link.call(&self.scripts.count, keys, arguments).await?;
        let mut answer = Answer::of(answer);
        let count = u64::try_from(answer.number()).map_err(|_| BrokerError::Unavailable)?;
        let remaining = u64::try_from(answer.number()).unwrap_or_default();
        Ok(Counted {
            count,
            remaining: Duration::from_millis(remaining),
        })
    }
}

fn life_of(life: Duration) -> Expiration {
    Expiration::PX(life.as_millis().max(1) as i64)
}
