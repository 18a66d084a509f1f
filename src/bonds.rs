//! Bonds: which person an account of the site belongs to. An account has one person at most, and a
//! person one account.
//!
//! Two documents tell of a bond. The person's (`bond-of:OPENID`) is the truth; the account's
//! (`bond:ACCOUNT`) says where to look, and is believed only if the person's agrees. Each bond has an
//! id of its own that never comes again. It is made in three steps:
//!
//! ```text
//! 1. the person's document   begins the bond
//! 2. the account's           names it, if what it names has ended, or never stood
//! 3. the person's            says that it stands
//! ```
//!
//! Whoever comes across a bond between the second and the third step makes it stand. So nobody waits
//! for a node that has died, and of several at once the first wins, whatever node they are at.

use serde::{Deserialize, Serialize};

use crate::broker::{Broker, BrokerError};
use crate::random;
use crate::records::{self, Change, Document};
use crate::session::{SiteAccount, hex};
use crate::wechat::openid::OpenId;

/// The bonds of this installation.
#[derive(Debug, Clone)]
pub struct Bonds {
    broker: Broker,
}

/// How [`Bonds::bind`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The account is the person's, now or since before.
    Yes,
    /// The account is somebody else's.
    AccountTaken,
    /// The person has another account.
    PersonTaken,
}

/// The person's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bond {
    id: String,
    account: SiteAccount,
    stage: Stage,
}

impl Document for Bond {
    const KIND: &'static str = "bond-of";
}

/// How far a bond has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stage {
    /// It may become one.
    Begun,
    /// It is one.
    Stands,
    /// It was one, until this undid it.
    Undone(String),
    /// It never was one: the account was somebody else's.
    Lost,
}

/// The account's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sign {
    /// The bond's id.
    id: String,
    openid: String,
}

impl Document for Sign {
    const KIND: &'static str = "bond";
}

/// Steps that one call makes, those that it makes for others included.
const MOST_STEPS: usize = 32;

impl Bonds {
    /// The bonds kept at `broker`.
    pub fn new(broker: Broker) -> Self {
        Self { broker }
    }

    /// Binds the account to the person.
    pub async fn bind(&self, account: &SiteAccount, person: &OpenId) -> Result<Bound, BrokerError> {
        for _ in 0..MOST_STEPS {
            match self.bond_of(person).await? {
                Some(bond) if bond.stage == Stage::Stands => {
                    return Ok(match bond.account == *account {
                        true => Bound::Yes,
                        false => Bound::PersonTaken,
                    });
                }
                Some(bond) if bond.stage == Stage::Begun => {
                    let goes_on = self.step(person, &bond).await?;
                    if !goes_on && bond.account == *account {
                        return Ok(Bound::AccountTaken);
                    }
                }
                _ => self.begin(account, person).await?,
            }
        }
        tracing::warn!(%person, "others are always faster with a bond");
        Err(BrokerError::Unavailable)
    }

    /// Unbinds the account from the person; false where they are not bound. `by` names what undoes
    /// it: asked again by the same, the answer is the same.
    pub async fn unbind(
        &self,
        account: &SiteAccount,
        person: &OpenId,
        by: &str,
    ) -> Result<bool, BrokerError> {
        let undone = Stage::Undone(by.to_owned());
        let undo = |bond: Option<Bond>| match bond {
            Some(bond) if bond.account == *account && bond.stage == Stage::Stands => {
                let id = bond.id.clone();
                let stage = undone.clone();
                (Change::Write(Bond { stage, ..bond }), Some(id))
            }
            Some(bond) if bond.account == *account && bond.stage == undone => {
                (Change::Keep, Some(bond.id))
            }
            _ => (Change::Keep, None),
        };
        let undone = records::change(&self.broker, person.as_str(), undo).await?;
        let Some(id) = undone else { return Ok(false) };
        // Nobody believes the sign any more; it is removed for tidiness.
        let remove = |sign: Option<Sign>| match sign {
            Some(sign) if sign.id == id => (Change::Remove, ()),
            _ => (Change::Keep, ()),
        };
        records::change(&self.broker, account.as_str(), remove).await?;
        Ok(true)
    }

    /// Whose account it is; None where it is nobody's.
    pub async fn person_of(&self, account: &SiteAccount) -> Result<Option<OpenId>, BrokerError> {
        let Some(sign) = self.sign_of(account).await? else {
            return Ok(None);
        };
        let stage = self.stage_of(&sign).await?;
        Ok((stage == Some(Stage::Stands)).then(|| OpenId::new(sign.openid)))
    }

    /// The account that the person has; None where there is none.
    pub async fn account_of(&self, person: &OpenId) -> Result<Option<SiteAccount>, BrokerError> {
        let bond = self.bond_of(person).await?;
        let stands = bond.filter(|bond| bond.stage == Stage::Stands);
        Ok(stands.map(|bond| bond.account))
    }

    /// The first step.
    async fn begin(&self, account: &SiteAccount, person: &OpenId) -> Result<(), BrokerError> {
        let fresh = Bond {
            id: hex(&random::bytes::<16>()),
            account: account.clone(),
            stage: Stage::Begun,
        };
        let begin = |bond: Option<Bond>| match bond.map(|bond| bond.stage) {
            None | Some(Stage::Undone(_) | Stage::Lost) => (Change::Write(fresh.clone()), ()),
            Some(_) => (Change::Keep, ()),
        };
        records::change(&self.broker, person.as_str(), begin).await
    }

    /// The next step of a bond that has begun; false where there is none, because the account is
    /// somebody else's.
    async fn step(&self, person: &OpenId, bond: &Bond) -> Result<bool, BrokerError> {
        let sign = self.sign_of(&bond.account).await?;
        let stage = match &sign {
            None => None,
            Some(sign) => self.stage_of(sign).await?,
        };
        match (&sign, stage) {
            // This one's own, or that of somebody who was first.
            (Some(sign), Some(Stage::Begun)) => {
                let first = OpenId::new(sign.openid.clone());
                self.end(&first, &sign.id, Stage::Stands).await?;
            }
            (Some(sign), Some(Stage::Stands)) if sign.id != bond.id => {
                self.end(person, &bond.id, Stage::Lost).await?;
                return Ok(false);
            }
            (_, Some(Stage::Stands)) => {}
            _ => self.name(person, bond, sign.as_ref()).await?,
        }
        Ok(true)
    }

    /// The second step: puts the bond in the place of a sign that nobody believes, or of none.
    async fn name(
        &self,
        person: &OpenId,
        bond: &Bond,
        void: Option<&Sign>,
    ) -> Result<(), BrokerError> {
        let own = Sign {
            id: bond.id.clone(),
            openid: person.as_str().to_owned(),
        };
        let name = |sign: Option<Sign>| match sign.as_ref() == void {
            true => (Change::Write(own.clone()), ()),
            false => (Change::Keep, ()),
        };
        records::change(&self.broker, bond.account.as_str(), name).await
    }

    /// The last step of a bond that has begun.
    async fn end(&self, person: &OpenId, id: &str, stage: Stage) -> Result<(), BrokerError> {
        let end = |bond: Option<Bond>| match bond {
            Some(bond) if bond.id == id && bond.stage == Stage::Begun => {
                let stage = stage.clone();
                (Change::Write(Bond { stage, ..bond }), ())
            }
            _ => (Change::Keep, ()),
        };
        records::change(&self.broker, person.as_str(), end).await
    }

    async fn bond_of(&self, person: &OpenId) -> Result<Option<Bond>, BrokerError> {
        records::read(&self.broker, person.as_str()).await
    }

    async fn sign_of(&self, account: &SiteAccount) -> Result<Option<Sign>, BrokerError> {
        records::read(&self.broker, account.as_str()).await
    }

    /// How far the bond that a sign names has come; None where the person has another one, or none.
    /// What is neither begun nor stands is so for ever, for no id comes again.
    async fn stage_of(&self, sign: &Sign) -> Result<Option<Stage>, BrokerError> {
        let bond = self.bond_of(&OpenId::new(sign.openid.clone())).await?;
        Ok(bond
            .filter(|bond| bond.id == sign.id)
            .map(|bond| bond.stage))
    }
}
