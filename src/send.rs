//! `.send`: whoever has a person's send token sends that person a WeChat message. It is put on record
//! before the sender hears that it was taken, delivered in the background, and its fate can be asked.

use std::sync::Arc;
use std::time::Duration;

use crate::accounts::Accounts;
use crate::action::Workshop;
use crate::broker::{Broker, BrokerError, Enqueued, Queue};
use crate::clock::unix_time;
use crate::config;
use crate::jobs::Jobs;
use crate::metrics::Metrics;
use crate::random;
use crate::records::{self, Change};
use crate::session::hex;
use crate::wechat::api::Api;
use crate::wechat::openid::OpenId;

mod card;
mod chat;
mod delivery;
mod draft;
mod limits;
mod message;

pub use draft::{Draft, Unfit};
pub use message::{Message, Reason, State, message};

/// Messages on their way to persons.
#[derive(Debug)]
pub struct Sends {
    broker: Broker,
    accounts: Arc<Accounts>,
    api: Arc<Api>,
    jobs: Arc<Jobs>,
    /// Without one nothing can be sent.
    template: Option<String>,
    rules: config::Send,
    metrics: Arc<Metrics>,
}

/// Somebody with a token that stands.
#[derive(Debug)]
pub struct Sender {
    /// Whose token it is, and so who gets the messages.
    pub person: OpenId,
    /// The token's hash.
    token_id: String,
}

/// How a message was taken.
#[derive(Debug)]
pub enum Accepted {
    /// It will be delivered, if it can be.
    Yes {
        /// By which its fate can be asked: 32 hexadecimal digits.
        id: String,
        /// Its page.
        url: String,
    },
    /// Too many messages are waiting.
    Full,
}

/// How long the same words of the same sender are one message.
const FOLDED: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Sends {
    /// The messages of the account that `api` speaks for.
    pub fn new(
        config: &config::Config,
        shop: &Workshop,
        api: Arc<Api>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            jobs: Jobs::new(shop.broker.clone(), Queue::Messages),
            broker: shop.broker.clone(),
            accounts: Arc::clone(&shop.accounts),
            api,
            template: config.wechat.template_id.clone(),
            rules: config.send.clone(),
            metrics,
        })
    }

    /// Whether there is a template to send by.
    pub fn is_possible(&self) -> bool {
        self.template.is_some()
    }

    /// Who sends with this token; None where it is void.
    pub async fn sender(&self, token: &str) -> Result<Option<Sender>, BrokerError> {
        let owner = self.accounts.token_owner(token).await?;
        Ok(owner.map(|person| Sender {
            person,
            token_id: Accounts::token_id(token),
        }))
    }

    /// Counts one message; the error within is how long to wait.
    pub async fn admit(&self, sender: &Sender) -> Result<Result<(), Duration>, BrokerError> {
        limits::admit(&self.broker, &self.rules, &sender.person).await
    }

    /// Puts a message on record, and its delivery. The same words of the same sender are the same
    /// message for 60 s, so that whoever heard no answer may ask again.
    pub async fn accept(
        &self,
        sender: &Sender,
        draft: &Draft,
        base_url: &str,
    ) -> Result<Accepted, BrokerError> {
        let id = self.id_of(sender, draft).await?;
        let url = format!("{base_url}/m/{id}");
        let since = unix_time();
        let message = Message {
            openid: sender.person.as_str().to_owned(),
            token_id: sender.token_id.clone(),
            text: draft.text.clone(),
            desp: draft.desp.clone(),
            url: url.clone(),
            since: since.as_secs(),
            until: (since + DAY * self.rules.page_days).as_secs(),
            state: State::Queued,
        };
        let put = |known: Option<Message>| match known {
            Some(known) => (Change::Keep, known.state == State::Queued),
            None => (Change::Write(message.clone()), true),
        };
        let waits = records::change(&self.broker, &id, put).await?;
        // Whatever became of an attempt before this one, from here on there is a delivery.
        if waits && self.jobs.submit(&id, "", Duration::ZERO).await? == Enqueued::Full {
            return Ok(Accepted::Full);
        }
        Ok(Accepted::Yes { id, url })
    }

    /// The message that is known to the sender by `id`, if it is the sender's.
    pub async fn fate(&self, sender: &Sender, id: &str) -> Result<Option<Message>, BrokerError> {
        let message = message(&self.broker, id).await?;
        Ok(message.filter(|message| message.openid == sender.person.as_str()))
    }

    /// The message that was taken under this token, which may be void by now: what it can learn is no
    /// more than it was told while it stood.
    pub async fn fate_by_its_token(
        &self,
        token: &str,
        id: &str,
    ) -> Result<Option<Message>, BrokerError> {
        let message = message(&self.broker, id).await?;
        Ok(message.filter(|message| message.token_id == Accounts::token_id(token)))
    }

    async fn id_of(&self, sender: &Sender, draft: &Draft) -> Result<String, BrokerError> {
        let name = format!("send-same:{}", draft.fingerprint(&sender.token_id));
        let id = hex(&random::bytes::<16>());
        if self.broker.note_once(&name, &id, FOLDED).await? {
            return Ok(id);
        }
        let same = self.broker.noted(&name).await?;
        // Its time may have ended between the two.
        Ok(same.unwrap_or(id))
    }
}
