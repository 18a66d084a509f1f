//! The two calls of the server API that a probe makes.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::timeout;

use super::DEADLINE;
use crate::config::Secret;
use crate::outbound::Client;
use crate::random;

/// The largest answer read, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// The server API of a node.
pub(super) struct Api {
    client: Client,
    url: String,
    key: Option<Secret>,
}

/// A session of the probe's own.
#[derive(Deserialize)]
pub(super) struct Session {
    pub(super) uid: u32,
    pub(super) ticket: String,
    /// The answer as it came, which is what a page binds with.
    #[serde(skip)]
    pub(super) code: String,
}

#[derive(Debug, Error)]
pub(super) enum ApiError {
    #[error("it is no URL")]
    Url(#[from] hyper::http::Error),
    #[error("it cannot be reached")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("no answer within {DEADLINE:?}")]
    Late,
    #[error("the answer broke off, or is too long")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("it answered {0}: {1}")]
    Refused(StatusCode, String),
    #[error("it answered something else than a session")]
    NoSession(#[from] serde_json::Error),
}

impl Api {
    pub(super) fn new(client: Client, url: String, key: Option<Secret>) -> Self {
        Self { client, url, key }
    }

    /// Puts a session with a key on record, under a number and a ticket that nobody else has.
    pub(super) async fn register(&self, seconds: u64) -> Result<Session, ApiError> {
        let uid = u32::from_le_bytes(random::bytes()).max(1);
        let ticket = format!("probe-{:032x}", u128::from_le_bytes(random::bytes()));
        let body = json!({"uid": uid, "ticket": ticket, "ttl": seconds, "key": true});
        let code = self
            .call(Method::POST, "/api/v1/sessions", body.to_string())
            .await?;
        let session: Session = serde_json::from_str(&code)?;
        Ok(Session { code, ..session })
    }

    /// Ends the session.
    pub(super) async fn end(&self, uid: u32) -> Result<(), ApiError> {
        let path = format!("/api/v1/sessions/{uid}");
        self.call(Method::DELETE, &path, String::new()).await?;
        Ok(())
    }

    async fn call(&self, method: Method, path: &str, body: String) -> Result<String, ApiError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {}", key.expose()));
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES);
            let body = body.collect().await.map_err(ApiError::Broken)?;
            let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
            if status.is_success() {
                return Ok(body);
            }
            Err(ApiError::Refused(status, message(&body)))
        };
        timeout(DEADLINE, exchange)
            .await
            .unwrap_or(Err(ApiError::Late))
    }
}

/// What an error says to people; the whole body where it is none of ours.
fn message(body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let message = value["error"]["message"].as_str();
    message.unwrap_or(body).to_owned()
}
