//! The site's backend: one signed request, its answer, and the event of that published.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, Uri};
use tokio::time::{Instant, timeout};

use super::answer::Answer;
use super::post::Post;
use crate::clock::unix_time;
use crate::config::{self, HookEvent, Secret};
use crate::hub::Hub;
use crate::message::PushId;
use crate::metrics::Metrics;
use crate::outbound::{self, Client, RootsError};
use crate::session::Mark;
use crate::verdict::{Door, Failure as Refused, Verdict};
use crate::webhook::SigningKey;

/// Where the backend is, and what signs.
#[derive(Debug)]
pub struct Site {
    client: Client,
    url: Uri,
    keys: Vec<SigningKey>,
    patience: Duration,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It did not answer in time.
    #[error("the hook did not answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("the hook cannot be reached")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// It answered with another status than 2xx.
    #[error("the hook answered {0}")]
    Refused(StatusCode),
    /// Its answer broke off.
    #[error("the hook's answer broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The event of its answer could not be published.
    #[error("the event of the hook's answer could not be published")]
    Unpublished,
}

/// The largest answer read, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// Who is calling.
const USER_AGENT: &str = concat!("scangate/", env!("CARGO_PKG_VERSION"));

impl Site {
    /// None where no URL is set.
    pub(super) fn new(
        config: &config::Hook,
        hub: &Arc<Hub>,
        metrics: &Arc<Metrics>,
    ) -> Result<Option<Self>, RootsError> {
        let Some(url) = &config.url else {
            return Ok(None);
        };
        let roots = config.roots.as_deref().map(outbound::roots).transpose()?;
        let secrets = [&config.secret, &config.old_secret].into_iter().flatten();
        let key = |secret: &Secret| SigningKey::new(secret.expose());
        Ok(Some(Self {
            client: outbound::client(config.timeout, roots),
            url: url.parse().expect("the setting was checked"),
            keys: secrets
                .map(|secret| key(secret).expect("the setting was checked"))
                .collect(),
            patience: config.timeout,
            hub: Arc::clone(hub),
            metrics: Arc::clone(metrics),
        }))
    }

    /// How long one request may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Makes one attempt, and publishes what the answer has for the page.
    pub(super) async fn tell(&self, post: &Post, patience: Duration) -> Result<Answer, Failure> {
        let started = Instant::now();
        let told = timeout(patience, self.exchange(post)).await;
        let told = told.unwrap_or(Err(Failure::Timeout));
        let elapsed = started.elapsed().as_secs_f64();
        self.metrics.hook_duration_seconds.observe(elapsed);
        let told = match told {
            Ok(answer) => self.publish(post, &answer).await.map(|()| answer),
            Err(failure) => Err(failure),
        };
        self.count(
            post.event,
            told.as_ref().map_or_else(Failure::label, |_| "ok"),
        );
        told
    }

    /// Counts how something went.
    pub(super) fn count(&self, event: HookEvent, result: &str) {
        let labels = [event.word(), result];
        self.metrics.hooks_total.with_label_values(&labels).inc();
    }

    async fn exchange(&self, post: &Post) -> Result<Answer, Failure> {
        let answered = self.client.request(self.request(post)).await;
        let response = answered.map_err(Failure::Unreachable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(Failure::Refused(status));
        }
        let body = read(response).await?;
        // It has been told, whatever it says; asking again would bring the same.
        Ok(Answer::parse(&body).unwrap_or_else(|error| {
            tracing::warn!(%error, "the hook's answer cannot be used");
            Answer::default()
        }))
    }

    fn request(&self, post: &Post) -> Request<Full<Bytes>> {
        let timestamp = unix_time().as_secs();
        let body = Bytes::from(post.body.clone());
        let signatures: Vec<String> = self
            .keys
            .iter()
            .map(|key| key.sign(&post.id, timestamp, &body))
            .collect();
        Request::post(self.url.clone())
            .header("content-type", "application/json")
            .header("user-agent", USER_AGENT)
            .header("webhook-id", &post.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(Full::new(body))
            .expect("ids and signatures are plain text")
    }

    async fn publish(&self, post: &Post, answer: &Answer) -> Result<(), Failure> {
        let Some(event) = &answer.event else {
            return Ok(());
        };
        let came = Instant::now();
        let ticket = match self.hub.session(post.uid).await {
            Ok(Some(view)) if Mark::of(post.uid, &view.ticket) == post.session => view.ticket,
            // It has ended meanwhile: there is nobody to tell, or somebody else.
            Ok(_) => return Ok(()),
            Err(_) => return Err(Failure::Unpublished),
        };
        let push_id = PushId::new(&post.id).expect("32 digits");
        let event = event.to(post.uid, &ticket, push_id);
        match self.hub.publish(Door::Hook, &event, true, came).await {
            Verdict::Unknown | Verdict::Failed(Refused::Unavailable) => Err(Failure::Unpublished),
            Verdict::Accepted { .. } | Verdict::Failed(_) => Ok(()),
        }
    }
}

impl Failure {
    /// Whether the backend wants no other attempt: `410 Gone` says so.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Failure::Refused(StatusCode::GONE))
    }

    fn label(&self) -> &'static str {
        match self {
            Failure::Timeout => "timeout",
            Failure::Unreachable(_) => "unreachable",
            Failure::Refused(_) => "refused",
            Failure::Broken(_) => "broken",
            Failure::Unpublished => "unpublished",
        }
    }
}

/// The body of an answer; empty where it is too large to be one.
async fn read(response: Response<Incoming>) -> Result<Bytes, Failure> {
    let body = Limited::new(response.into_body(), ANSWER_BYTES).collect();
    match body.await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            tracing::warn!(most = ANSWER_BYTES, "the hook's answer is too large");
            Ok(Bytes::new())
        }
        Err(error) => Err(Failure::Broken(error)),
    }
}
