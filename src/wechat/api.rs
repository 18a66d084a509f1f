//! The platform's HTTP API: codes and persons, with an access token that is kept fresh.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Method;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::answer::{self, AccessToken, Code, Person};
use super::breaker::Breaker;
use super::endpoint::Endpoint;
use super::fault::{Fault, Remedy};
use super::openid::OpenId;
use super::query;
use super::shared::SharedToken;
use super::token::TokenKeeper;
use crate::broker::Broker;
use crate::clock::unix_time;
use crate::config::{Secret, Wechat};
use crate::metrics::Metrics;
use crate::outbound::{self, Client};
use crate::session::Uid;

/// The API as one account sees it.
#[derive(Debug)]
pub struct Api {
    client: Client,
    base_url: String,
    app_id: String,
    app_secret: Secret,
    /// For one of our calls, its retries and its token included.
    patience: Duration,
    /// Bounds what we ask of the platform at a time.
    places: Semaphore,
    token: TokenKeeper,
    shared: SharedToken,
    codes: Breaker,
    templates: Breaker,
    metrics: Arc<Metrics>,
}

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// No answer in time.
    #[error("the platform did not answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("the platform cannot be reached")]
    Unreachable(#[source] Arc<hyper_util::client::legacy::Error>),
    /// It answered, but not as we wished.
    #[error("the platform refused: {0}")]
    Refused(Fault),
}

/// Pauses before the second and third attempt, where the platform says that it is busy.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Calls under way at a time.
const MOST_CALLS: usize = 64;

/// The largest answer read, in bytes.
const ANSWER_BYTES: usize = 1 << 20;

impl Api {
    /// The API for the account of `config`, whose access token the nodes of `broker` share; None
    /// where there is no account.
    pub fn new(config: &Wechat, broker: Broker, metrics: Arc<Metrics>) -> Option<Arc<Self>> {
        let app_id = config.app_id.clone()?;
        let app_secret = config.app_secret.clone()?;
        Some(Arc::new(Self {
            client: outbound::client(config.timeout, None),
            base_url: config.api_url.clone(),
            app_id,
            app_secret,
            patience: config.timeout,
            places: Semaphore::new(MOST_CALLS),
            token: TokenKeeper::default(),
            shared: SharedToken::new(broker),
            codes: Breaker::default(),
            templates: Breaker::default(),
            metrics,
        }))
    }

    /// Makes a temporary code with `uid` as its scene, for `seconds`.
    pub async fn make_code(&self, uid: Uid, seconds: u64) -> Result<Code, CallError> {
        self.codes.check()?;
        let body = json!({
            "expire_seconds": seconds,
            "action_name": "QR_SCENE",
            "action_info": {"scene": {"scene_id": uid.get()}},
        });
        let body = Bytes::from(body.to_string());
        let result = self
            .authorized(Endpoint::QrcodeCreate, |token| {
                self.request(
                    Endpoint::QrcodeCreate,
                    &[("access_token", token)],
                    Some(body.clone()),
                    answer::code,
                )
            })
            .await;
        self.codes.note(&result);
        result
    }

    /// Sends a template message, `body` as the platform has it; its number there.
    pub async fn send_template(&self, body: Bytes) -> Result<u64, CallError> {
        self.templates.check()?;
        let result = self
            .authorized(Endpoint::TemplateSend, |token| {
                self.request(
                    Endpoint::TemplateSend,
                    &[("access_token", token)],
                    Some(body.clone()),
                    answer::template_msg_id,
                )
            })
            .await;
        // Too many messages for one person are no reason to send nobody any.
        if !matches!(&result, Err(CallError::Refused(fault)) if fault.is_personal()) {
            self.templates.note(&result);
        }
        result
    }

    /// Asks what the account may know about a person.
    pub async fn person(&self, openid: &OpenId) -> Result<Person, CallError> {
        self.authorized(Endpoint::UserInfo, |token| {
            self.request(
                Endpoint::UserInfo,
                &[("access_token", token), ("openid", openid.as_str())],
                None,
                answer::person,
            )
        })
        .await
    }

    /// Fetches the access token ahead of its end, for ever; one task of the node's.
    pub async fn keep_token_fresh(&self) {
        loop {
            tokio::time::sleep_until(self.token.next_refresh()).await;
            if let Err(error) = self.token.refresh(|force| self.shared_token(force)).await {
                tracing::warn!(%error, "could not refresh the access token");
            }
            self.report_token();
        }
    }

    /// Makes a call with an access token, in time; once more with a new one where the token turns
    /// out dead.
    async fn authorized<'a, T, F>(
        &'a self,
        endpoint: Endpoint,
        call: impl Fn(&str) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>> + 'a,
    {
        let deadline = Instant::now() + self.patience;
        let attempt = async {
            let _place = self.places.acquire().await.expect("never closed");
            let token = self.token().await?;
            match with_retries(|| call(&token)).await {
                Err(CallError::Refused(fault)) if fault.remedy == Remedy::RefreshToken => {
                    tracing::info!(endpoint = endpoint.label(), %fault, "access token is dead");
                    self.token.invalidate(&token);
                    self.shared.withdraw(&token).await;
                    let fresh = self.token().await?;
                    call(&fresh).await
                }
                other => other,
            }
        };
        timeout_at(deadline, attempt).await.unwrap_or_else(|_| {
            self.count(endpoint, "timeout");
            Err(CallError::Timeout)
        })
    }

    async fn token(&self) -> Result<String, CallError> {
        let token = self.token.get(|force| self.shared_token(force)).await;
        self.report_token();
        token
    }

    async fn shared_token(&self, force: bool) -> Result<AccessToken, CallError> {
        self.shared.get(force, || self.fetch_token(force)).await
    }

    async fn fetch_token(&self, force: bool) -> Result<AccessToken, CallError> {
        let mut body = json!({
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.app_secret.expose(),
        });
        if force {
            body["force_refresh"] = json!(true);
        }
        let body = Bytes::from(body.to_string());
        let fetch = with_retries(|| {
            let body = Some(body.clone());
            self.request(Endpoint::StableToken, &[], body, answer::access_token)
        });
        tokio::time::timeout(self.patience, fetch)
            .await
            .unwrap_or_else(|_| {
                self.count(Endpoint::StableToken, "timeout");
                Err(CallError::Timeout)
            })
    }

    /// One request and its answer, counted. The URL carries the token: it is never logged.
    fn request<'a, T, R>(
        &'a self,
        endpoint: Endpoint,
        parameters: &[(&str, &str)],
        body: Option<Bytes>,
        read: R,
    ) -> impl Future<Output = Result<T, CallError>> + use<'a, T, R>
    where
        R: FnOnce(u16, &[u8]) -> Result<T, Fault>,
    {
        let parameters: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", query::encode(value)))
            .collect();
        let url = format!(
            "{}{}?{}",
            self.base_url,
            endpoint.path(),
            parameters.join("&")
        );
        let request = hyper::Request::builder()
            .method(if body.is_some() {
                Method::POST
            } else {
                Method::GET
            })
            .uri(url)
            .header("content-type", "application/json")
            .body(Full::new(body.unwrap_or_default()));
        async move {
            let request = request.expect("base URL and encoded parameters make a URL");
            let started = Instant::now();
            let result = self
                .exchange(request)
                .await
                .and_then(|(status, body)| read(status, &body).map_err(CallError::Refused));
            self.metrics
                .wechat_call_duration_seconds
                .observe(started.elapsed().as_secs_f64());
            self.count(
                endpoint,
                match &result {
                    Ok(_) => "ok",
                    Err(error) => error.label(),
                },
            );
            result
        }
    }

    async fn exchange(
        &self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<(u16, Bytes), CallError> {
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| CallError::Unreachable(Arc::new(error)))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES)
            .collect()
            .await;
        // A body that breaks off is no usable answer, like any other garbage.
        Ok((status, body.map(|body| body.to_bytes()).unwrap_or_default()))
    }

    fn count(&self, endpoint: Endpoint, result: &str) {
        self.metrics
            .wechat_calls_total
            .with_label_values(&[endpoint.label(), result])
            .inc();
    }

    fn report_token(&self) {
        let remaining = self.token.remaining();
        let expiry = remaining.map_or(0, |remaining| (unix_time() + remaining).as_secs());
        self.metrics
            .wechat_token_expiry_timestamp_seconds
            .set(expiry.try_into().unwrap_or(i64::MAX));
        let got_at = self.token.got_at().unwrap_or_default();
        self.metrics
            .wechat_token_fetched_timestamp_seconds
            .set(got_at.as_secs() as i64);
    }
}

impl CallError {
    fn label(&self) -> &'static str {
        match self {
            CallError::Timeout => "timeout",
            CallError::Unreachable(_) => "unreachable",
            CallError::Refused(fault) => fault.remedy.label(),
        }
    }

    /// Whether the platform was there at all.
    pub fn is_refusal(&self) -> bool {
        matches!(self, CallError::Refused(fault) if fault.remedy != Remedy::Retry)
    }

    fn is_passing(&self) -> bool {
        match self {
            CallError::Timeout => false,
            CallError::Unreachable(_) => true,
            CallError::Refused(fault) => fault.remedy == Remedy::Retry,
        }
    }
}

/// Repeats a call that fails for a passing reason, few times and with growing pauses.
async fn with_retries<T, F>(call: impl Fn() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    for pause in PAUSES {
        match call().await {
            Err(error) if error.is_passing() => tokio::time::sleep(pause).await,
            other => return other,
        }
    }
    call().await
}
