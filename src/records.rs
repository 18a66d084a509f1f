//! Documents that outlive restarts: JSON under a name, changed by whoever reads it first.
//!
//! A change that touches several documents is made so that one of them is the truth and the others
//! can be told from it: there is no step that changes two.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::broker::{Broker, BrokerError};

/// A kind of document.
pub trait Document: Serialize + DeserializeOwned {
    /// Its word, with which the name at the broker begins.
    const KIND: &'static str;
    /// How long each lives after it was written last; None for ever.
    const LIFE: Option<Duration> = None;

    /// How long this one lives.
    fn life(&self) -> Option<Duration> {
        Self::LIFE
    }
}

/// What becomes of a document.
#[derive(Debug)]
pub enum Change<D> {
    /// It stays as it is.
    Keep,
    /// This is written.
    Write(D),
    /// It is removed.
    Remove,
}

/// How often a change is tried against others who were faster.
const MOST_TRIES: usize = 32;

/// The document of a kind under `id`.
pub async fn read<D: Document>(broker: &Broker, id: &str) -> Result<Option<D>, BrokerError> {
    let record = broker.read(&name::<D>(id)).await?;
    record.map(|record| parse(&record.text)).transpose()
}

/// Changes the document under `id`: `change` is shown what is there, says what shall become of it,
/// and is asked again where somebody else was faster. Gives what it answered at last.
pub async fn change<D: Document, T>(
    broker: &Broker,
    id: &str,
    mut change: impl FnMut(Option<D>) -> (Change<D>, T),
) -> Result<T, BrokerError> {
    let name = name::<D>(id);
    for _ in 0..MOST_TRIES {
        let record = broker.read(&name).await?;
        let version = record.as_ref().map_or(0, |record| record.version);
        let document = record.map(|record| parse(&record.text)).transpose()?;
        let (change, answer) = change(document);
        let (text, life) = match change {
            Change::Keep => return Ok(answer),
            Change::Write(document) => {
                let text = serde_json::to_string(&document).expect("documents are plain data");
                (Some(text), document.life())
            }
            Change::Remove => (None, None),
        };
        let written = broker.write(&name, version, text.as_deref(), life);
        if written.await? {
            return Ok(answer);
        }
    }
    tracing::warn!(kind = D::KIND, "a record changes too often");
    Err(BrokerError::Unavailable)
}

fn name<D: Document>(id: &str) -> String {
    format!("{}:{id}", D::KIND)
}

fn parse<D: Document>(text: &str) -> Result<D, BrokerError> {
    serde_json::from_str(text).map_err(|error| BrokerError::Store(Box::new(error)))
}
