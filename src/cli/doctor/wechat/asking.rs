//! Requests to the platform, and to ourselves as the platform makes them.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request};
use serde_json::Value;
use tokio::time::timeout;

use super::{Ahead, seconds};
use crate::cli::with_causes;
use crate::clock::unix_time;
use crate::outbound::Client;
use crate::random;
use crate::session::hex;
use crate::wechat::endpoint::Endpoint;
use crate::wechat::query::encode;
use crate::wechat::signature::sign;

/// How long an answer is waited for: as a node does by default.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// The largest answer read, in bytes.
const ANSWER_BYTES: usize = 1 << 20;

/// Asks; URLs carry secrets and are not told.
pub(super) struct Asker(Client);

/// An answer.
pub(super) struct Heard {
    pub status: u16,
    pub body: Bytes,
    /// By the header `Date`.
    pub clock_ahead: Ahead,
}

/// What came of the console's check, done by ourselves.
pub(super) enum Echo {
    /// The word came back.
    Repeated,
    /// Something else did, with this status.
    Other(u16),
    /// Nothing did.
    Nothing(String),
}

impl Asker {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Calls the platform's API at this base URL.
    pub async fn asks(
        &self,
        base: &str,
        endpoint: Endpoint,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Heard, String> {
        let query = token.map(|token| format!("?access_token={}", encode(token)));
        let url = format!("{base}{}{}", endpoint.path(), query.unwrap_or_default());
        let body = Bytes::from(body.to_string());
        self.exchange(Method::POST, url, body).await
    }

    /// Asks the node at this base URL to repeat a word, as the platform's console does.
    pub async fn asks_back(&self, base: &str, token: &str) -> Echo {
        let word = hex(&random::bytes::<8>());
        let nonce = hex(&random::bytes::<4>());
        let now = unix_time().as_secs().to_string();
        let signature = sign(&[token, &now, &nonce]);
        let url = format!(
            "{base}/wechat?signature={signature}&timestamp={now}&nonce={nonce}&echostr={word}"
        );
        match self.exchange(Method::GET, url, Bytes::new()).await {
            Ok(heard) if heard.status == 200 && heard.body == word => Echo::Repeated,
            Ok(heard) => Echo::Other(heard.status),
            Err(why) => Echo::Nothing(why),
        }
    }

    async fn exchange(&self, method: Method, url: String, body: Bytes) -> Result<Heard, String> {
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", "application/json")
            .body(Full::new(body));
        let request = request.map_err(|_| "the URL is none".to_owned())?;
        let exchange = async {
            let response = self.0.request(request).await;
            let response = response.map_err(|error| with_causes(&error))?;
            let date = response.headers().get("date").cloned();
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), ANSWER_BYTES)
                .collect()
                .await;
            let body = body.map_err(|_| "the answer broke off".to_owned())?;
            Ok(Heard {
                status,
                body: body.to_bytes(),
                clock_ahead: date.and_then(|date| ahead(date.to_str().ok()?)),
            })
        };
        let late = || format!("no answer within {} s", PATIENCE.as_secs());
        timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| Err(late()))
    }
}

/// How far the clock that wrote this date is ahead of ours, to the second.
fn ahead(date: &str) -> Ahead {
    let there = httpdate::parse_http_date(date).ok()?;
    let there = there.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(seconds(there) - seconds(unix_time()))
}
