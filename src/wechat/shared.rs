//! The access token that all nodes share at the broker: one of them asks the platform, the others
//! read what it got.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::answer::AccessToken;
use super::api::CallError;
use crate::broker::Broker;
use crate::clock::unix_time;
use crate::random;
use crate::session::hex;

/// The broker's notes about the token.
#[derive(Debug)]
pub(super) struct SharedToken {
    broker: Broker,
}

/// `EXPIRES TOKEN`: unix seconds, and the token.
const TOKEN: &str = "wechat-token";
/// Whose turn it is to ask the platform.
const TURN: &str = "wechat-token-turn";

/// A token that ends sooner is not worth sharing: it is time for its successor.
const AHEAD: Duration = Duration::from_secs(300);
/// How long a turn lasts at most, should its node die.
const TURN_LIFE: Duration = Duration::from_secs(5);
/// How long the others wait for it, and how often they look.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

impl SharedToken {
    pub fn new(broker: Broker) -> Self {
        Self { broker }
    }

    /// The shared token, or one that `ask` gets from the platform and that is shared then. The
    /// broker only helps: without it each node asks for itself, which the platform allows.
    pub async fn get<F>(
        &self,
        force: bool,
        ask: impl FnOnce() -> F,
    ) -> Result<AccessToken, CallError>
    where
        F: Future<Output = Result<AccessToken, CallError>>,
    {
        let turn = hex(&random::bytes::<8>());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if !force && let Some(token) = self.read().await {
                return Ok(token);
            }
            match self.broker.note_once(TURN, &turn, TURN_LIFE).await {
                Ok(false) if Instant::now() < deadline => tokio::time::sleep(LOOK).await,
                _ => break,
            }
        }
        // Whoever had the turn before us may have got it.
        let shared = if force { None } else { self.read().await };
        let token = match shared {
            Some(token) => Ok(token),
            None => ask().await,
        };
        if let Ok(token) = &token {
            self.write(token).await;
        }
        // A turn that is not given back ends by itself.
        let _ = self.broker.forget(TURN, &turn).await;
        token
    }

    /// Withdraws `token` if it still is the shared one.
    pub async fn withdraw(&self, token: &str) {
        if let Ok(Some(note)) = self.broker.noted(TOKEN).await
            && note
                .split_once(' ')
                .is_some_and(|(_, shared)| shared == token)
        {
            let _ = self.broker.forget(TOKEN, &note).await;
        }
    }

    async fn read(&self) -> Option<AccessToken> {
        let note = self.broker.noted(TOKEN).await.ok()??;
        let (expires, token) = note.split_once(' ')?;
        let lifetime = Duration::from_secs(expires.parse().ok()?).checked_sub(unix_time())?;
        (lifetime > AHEAD).then(|| AccessToken {
            token: token.to_owned(),
            lifetime,
        })
    }

    async fn write(&self, token: &AccessToken) {
        let expires = (unix_time() + token.lifetime).as_secs();
        let note = format!("{expires} {}", token.token);
        // Unshared, the others ask for themselves.
        let _ = self.broker.note(TOKEN, &note, token.lifetime).await;
    }
}
