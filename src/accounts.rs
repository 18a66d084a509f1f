//! Persons and what is theirs: the send token, and what the platform knows of them.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::broker::{Broker, BrokerError};
use crate::clock::unix_time;
use crate::random;
use crate::records::{self, Change, Document};
use crate::session::hex;
use crate::wechat::api::Api;
use crate::wechat::openid::OpenId;

/// The accounts of this installation.
#[derive(Debug)]
pub struct Accounts {
    broker: Broker,
    secret: OnceCell<[u8; 32]>,
}

/// A person who has scanned a code of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Unix seconds of the first scan.
    pub since: u64,
    /// What the send token is derived from; None where there is none, or no more.
    pub token_salt: Option<String>,
    /// When the person was shown it last, by the platform's clock, in unix seconds; 0 where that is unknown.
    #[serde(default)]
    pub token_seen: u64,
    /// The person's id over all accounts of one Open Platform; None while unknown or without one.
    pub unionid: Option<String>,
    /// Whether the platform was asked for the unionid.
    pub profiled: bool,
}

impl Document for Person {
    const KIND: &'static str = "person";
}

/// Whose a send token is, under its hash. The person's own record is the truth: a token that is not
/// derived from it is void.
#[derive(Debug, Serialize, Deserialize)]
struct TokenOwner {
    openid: String,
    salt: String,
}

impl Document for TokenOwner {
    const KIND: &'static str = "token";
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

    /// The person's record, made at the first call.
    pub async fn enrol(&self, person: &OpenId) -> Result<Person, BrokerError> {
        self.change(person, |_| ()).await.map(|(person, ())| person)
    }

    /// The person's record; None for somebody who never scanned.
    pub async fn person(&self, person: &OpenId) -> Result<Option<Person>, BrokerError> {
        records::read(&self.broker, person.as_str()).await
    }

    /// The person's send token, made where there is none: `SG` and 64 hexadecimal digits.
    ///
    /// It is derived from the installation's secret, not stored: a second scan shows the same
    /// token, yet the record of a person holds only what it is derived from, and its hash. The
    /// person asked for it at `happened`, by the platform's clock.
    pub async fn send_token(&self, person: &OpenId, happened: u64) -> Result<String, BrokerError> {
        let salt = || Some(hex(&random::bytes::<16>()));
        let make = |known: &mut Person| {
            known.token_salt = known.token_salt.take().or_else(salt);
            known.token_seen = known.token_seen.max(happened);
        };
        let (known, ()) = self.change(person, make).await?;
        self.put_on_record(person, &known).await
    }

    /// Another send token; the one so far is void. The same occasion gives the same token, so that
    /// a callback that comes again does not void what the first has shown. The person asked for it at
    /// `happened`, by the platform's clock; 0 where it was not the person.
    pub async fn renew_token(
        &self,
        person: &OpenId,
        occasion: &str,
        happened: u64,
    ) -> Result<String, BrokerError> {
        let salt = hex(&hash(format!("renew\0{occasion}").as_bytes())[..16]);
        let renew = |known: &mut Person| {
            known.token_seen = known.token_seen.max(happened);
            known.token_salt.replace(salt.clone())
        };
        let (known, before) = self.change(person, renew).await?;
        if let Some(before) = before.filter(|before| *before != salt) {
            let token = self.derive(person, &before).await?;
            self.forget_token(&token).await?;
        }
        self.put_on_record(person, &known).await
    }

    /// Makes the person's send token void; the next scan makes another one. False where there was
    /// none.
    pub async fn revoke_token(&self, person: &OpenId) -> Result<bool, BrokerError> {
        self.revoke_where(person, |_| true).await
    }

    async fn revoke_where(
        &self,
        person: &OpenId,
        is_meant: impl Fn(&Person) -> bool,
    ) -> Result<bool, BrokerError> {
        let revoke = |known: Option<Person>| match known {
            Some(mut known) if known.token_salt.is_some() && is_meant(&known) => {
                let salt = known.token_salt.take();
                (Change::Write(known), salt)
            }
            _ => (Change::Keep, None),
        };
        let salt = records::change(&self.broker, person.as_str(), revoke).await?;
        let Some(salt) = salt else { return Ok(false) };
        let token = self.derive(person, &salt).await?;
        self.forget_token(&token).await?;
        Ok(true)
    }

    /// Whose send token this is; None for a token that never was, or is void.
    pub async fn token_owner(&self, token: &str) -> Result<Option<OpenId>, BrokerError> {
        self.owner_of(&Self::token_id(token)).await
    }

    /// What a send token is known by: its hash, in hexadecimal digits.
    pub fn token_id(token: &str) -> String {
        hex(&hash(token.as_bytes()))
    }

    /// Whose send token has this hash; None where it is void.
    pub async fn owner_of(&self, token_id: &str) -> Result<Option<OpenId>, BrokerError> {
        let owner: Option<TokenOwner> = records::read(&self.broker, token_id).await?;
        let Some(owner) = owner else { return Ok(None) };
        let person: Option<Person> = records::read(&self.broker, &owner.openid).await?;
        let stands = person.is_some_and(|person| person.token_salt == Some(owner.salt));
        Ok(stands.then(|| OpenId::new(owner.openid)))
    }

    /// Forgets what a person who is known to be no follower need not have on record.
    pub async fn forget(&self, person: &OpenId) -> Result<(), BrokerError> {
        self.forget_who_left(person, u64::MAX).await
    }

    /// Forgets what a person who left at `happened`, by the platform's clock, need not have on record:
    /// the send token, the unionid. Nothing where the person was shown the token later: the platform
    /// repeats a farewell for a while, and they may have come back before we heard of it.
    pub async fn forget_who_left(&self, person: &OpenId, happened: u64) -> Result<(), BrokerError> {
        let has_left = |known: &Person| known.token_seen <= happened;
        self.revoke_where(person, has_left).await?;
        let forget = |known: Option<Person>| match known {
            Some(known) if known.profiled && has_left(&known) => {
                let unionid = None;
                let profiled = false;
                let known = Person {
                    unionid,
                    profiled,
                    ..known
                };
                (Change::Write(known), ())
            }
            _ => (Change::Keep, ()),
        };
        records::change(&self.broker, person.as_str(), forget).await
    }

    /// The person's unionid, asked of the platform once; None where the account has none to tell.
    /// Where the platform does not answer, the next call asks again.
    pub async fn unionid(&self, person: &OpenId, api: &Api) -> Result<Option<String>, BrokerError> {
        let known = self.enrol(person).await?;
        if known.profiled {
            return Ok(known.unionid);
        }
        match api.person(person).await {
            Ok(told) => {
                let learn = |known: &mut Person| {
                    known.unionid = told.unionid.clone().or(known.unionid.take());
                    known.profiled = true;
                };
                let (known, ()) = self.change(person, learn).await?;
                Ok(known.unionid)
            }
            Err(error) => {
                tracing::warn!(%error, %person, "could not ask for the unionid");
                Ok(known.unionid)
            }
        }
    }

    /// Changes a person's record, made where there is none; gives it as it is then.
    async fn change<T>(
        &self,
        person: &OpenId,
        change: impl Fn(&mut Person) -> T,
    ) -> Result<(Person, T), BrokerError> {
        records::change(&self.broker, person.as_str(), |known: Option<Person>| {
            let is_new = known.is_none();
            let before = known.unwrap_or_else(|| Person {
                since: unix_time().as_secs(),
                token_salt: None,
                token_seen: 0,
                unionid: None,
                profiled: false,
            });
            let mut after = before.clone();
            let answer = change(&mut after);
            let write = is_new || after != before;
            let outcome = (after.clone(), answer);
            (
                if write {
                    Change::Write(after)
                } else {
                    Change::Keep
                },
                outcome,
            )
        })
        .await
    }

    /// Makes the person's token one that finds its owner.
    async fn put_on_record(&self, person: &OpenId, known: &Person) -> Result<String, BrokerError> {
        let salt = known.token_salt.as_deref().unwrap_or_default();
        let token = self.derive(person, salt).await?;
        let put = |owner: Option<TokenOwner>| match owner {
            Some(_) => (Change::Keep, ()),
            None => {
                let owner = TokenOwner {
                    openid: person.as_str().to_owned(),
                    salt: salt.to_owned(),
                };
                (Change::Write(owner), ())
            }
        };
        records::change(&self.broker, &Self::token_id(&token), put).await?;
        Ok(token)
    }

    async fn forget_token(&self, token: &str) -> Result<(), BrokerError> {
        let remove = |owner: Option<TokenOwner>| match owner {
            Some(_) => (Change::Remove, ()),
            None => (Change::Keep, ()),
        };
        records::change(&self.broker, &Self::token_id(token), remove).await
    }

    async fn derive(&self, person: &OpenId, salt: &str) -> Result<String, BrokerError> {
        let about = format!("{salt}\0{}", person.as_str());
        let secret = self.secret_for("send token", &about).await?;
        Ok(format!("{PREFIX}{}", hex(&secret)))
    }

    /// A secret of this installation for one purpose and one thing: the same on every node, and
    /// nobody else's.
    pub async fn secret_for(&self, purpose: &str, about: &str) -> Result<[u8; 32], BrokerError> {
        let secret = self
            .secret
            .get_or_try_init(|| self.broker.installation_secret())
            .await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length will do");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(about.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }
}

/// What a secret is looked up by: its SHA-256.
pub fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}
