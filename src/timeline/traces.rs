//! Moments on their way to a collector of traces (OTLP over HTTP, in JSON).
//!
//! Nobody waits for it: moments go into a queue with a bound, and what finds it full, or cannot be told
//! after some attempts, is counted and forgotten.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, Uri};
use prometheus::IntCounter;
use serde_json::Value;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Note, span};
use crate::broker::Broker;
use crate::config::{self, Headers};
use crate::metrics::Metrics;
use crate::outbound::{self, Client, RootsError};
use crate::session::Uid;

/// Sends moments of some or all sessions to a collector.
#[derive(Debug)]
pub(super) struct Traces {
    client: Client,
    url: Uri,
    headers: Option<Headers>,
    sessions_percent: u32,
    queue: Sender<Note>,
    queued: tokio::sync::Mutex<Receiver<Note>>,
    sent: IntCounter,
    refused: IntCounter,
    dropped: IntCounter,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the collector of traces did not answer in time")]
    Timeout,
    #[error("the collector of traces cannot be reached")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    #[error("the collector of traces answered {0}")]
    Status(StatusCode),
}

/// Moments that may wait to be sent.
const MOST_WAITING: usize = 8192;
/// Moments that are sent at a time.
const BATCH: usize = 512;
/// How long the first of them waits for others.
const GATHER: Duration = Duration::from_secs(1);
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The waits before further attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// The largest answer that is read, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

impl Traces {
    /// None where no collector is set.
    pub fn new(rules: &config::Trace, metrics: &Metrics) -> Result<Option<Self>, RootsError> {
        let Some(base) = &rules.otlp_url else {
            return Ok(None);
        };
        let roots = rules.otlp_roots.as_deref().map(outbound::roots);
        let (queue, queued) = mpsc::channel(MOST_WAITING);
        let spans = &metrics.trace_spans_total;
        Ok(Some(Self {
            client: outbound::client(PATIENCE, roots.transpose()?),
            url: format!("{base}/v1/traces")
                .parse()
                .expect("the setting was checked"),
            headers: rules.otlp_headers.clone(),
            sessions_percent: rules.sessions_percent,
            queue,
            queued: tokio::sync::Mutex::new(queued),
            sent: spans.with_label_values(&["sent"]),
            refused: spans.with_label_values(&["refused"]),
            dropped: spans.with_label_values(&["dropped"]),
        }))
    }

    /// Whether this session is among those that are traced: the same at each node.
    pub fn wants(&self, uid: Uid) -> bool {
        // Mixed, for the uids of another system may follow a pattern. Source: the finalizer of MurmurHash3.
        let mut mixed = uid.get();
        mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x85eb_ca6b);
        mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35);
        (mixed ^ (mixed >> 16)) % 100 < self.sessions_percent
    }

    /// Has a moment sent.
    pub fn take(&self, note: Note) {
        if self.queue.try_send(note).is_err() {
            self.dropped.inc();
        }
    }

    /// Sends what is taken, until `over`.
    pub async fn export(&self, broker: &Broker, over: &CancellationToken) {
        let mut queued = self.queued.lock().await;
        let mut notes = Vec::new();
        let mut is_away = false;
        loop {
            tokio::select! {
                _ = queued.recv_many(&mut notes, BATCH) => {}
                () = over.cancelled() => return,
            }
            if notes.len() < BATCH {
                // Whichever comes first.
                let _ = timeout(GATHER, over.cancelled()).await;
                let more = queued.len().min(BATCH - notes.len());
                queued.recv_many(&mut notes, more).await;
            }
            let late = async {
                over.cancelled().await;
                sleep(super::LAST_WAIT).await;
            };
            tokio::select! {
                () = self.send(&notes, broker, &mut is_away) => {}
                () = late => self.dropped.inc_by(notes.len() as u64),
            }
            notes.clear();
        }
    }

    /// After that: sends what still waits, with one attempt for each batch.
    pub async fn export_the_rest(&self, broker: &Broker) {
        let mut queued = self.queued.lock().await;
        while !queued.is_empty() {
            let mut notes = Vec::new();
            queued.recv_many(&mut notes, BATCH).await;
            let told = self.attempt(body(&notes, broker)).await;
            self.count(&told, notes.len());
        }
    }

    async fn send(&self, notes: &[Note], broker: &Broker, is_away: &mut bool) {
        let body = body(notes, broker);
        let mut told = self.attempt(body.clone()).await;
        for pause in PAUSES {
            match &told {
                Err(failure) if failure.is_passing() => {}
                _ => break,
            }
            sleep(pause).await;
            told = self.attempt(body.clone()).await;
        }
        self.count(&told, notes.len());
        match &told {
            // Said once, and not for each batch.
            Err(error) if !*is_away => {
                tracing::warn!(%error, "moments are missing from the traces")
            }
            Ok(_) if *is_away => tracing::info!("moments come into the traces again"),
            _ => {}
        }
        *is_away = told.is_err();
    }

    fn count(&self, told: &Result<u64, Failure>, many: usize) {
        let many = many as u64;
        match told {
            Ok(refused) => {
                self.sent.inc_by(many.saturating_sub(*refused));
                self.refused.inc_by(*refused);
            }
            Err(failure) if failure.is_passing() => self.dropped.inc_by(many),
            Err(_) => self.refused.inc_by(many),
        }
    }

    /// Sends; how many spans the collector did not want.
    async fn attempt(&self, body: Bytes) -> Result<u64, Failure> {
        let exchange = async {
            let mut request = Request::post(self.url.clone())
                .header("content-type", "application/json")
                .body(Full::new(body))
                .expect("a URL and plain headers");
            if let Some(headers) = &self.headers {
                request.headers_mut().extend(headers.expose().clone());
            }
            let answered = self.client.request(request).await;
            let response = answered.map_err(Failure::Unreachable)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect();
            // It has been told, also where its answer breaks off.
            let body = body.await.map(|body| body.to_bytes()).unwrap_or_default();
            if !status.is_success() {
                return Err(Failure::Status(status));
            }
            Ok(rejected(&body))
        };
        let answered = timeout(PATIENCE, exchange).await;
        answered.unwrap_or(Err(Failure::Timeout))
    }
}

impl Failure {
    /// Whether another attempt may go better. Source: "Retryable Response Codes" of OTLP.
    fn is_passing(&self) -> bool {
        match self {
            Failure::Timeout | Failure::Unreachable(_) => true,
            Failure::Status(status) => matches!(status.as_u16(), 429 | 502 | 503 | 504),
        }
    }
}

fn body(notes: &[Note], broker: &Broker) -> Bytes {
    let body = span::export(notes, &broker.name(), broker.clock_ahead_millis());
    body.to_string().into()
}

/// `{"partialSuccess":{"rejectedSpans":"3"}}`
fn rejected(answer: &[u8]) -> u64 {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    match &answer["partialSuccess"]["rejectedSpans"] {
        Value::String(digits) => digits.parse().unwrap_or_default(),
        number => number.as_u64().unwrap_or_default(),
    }
}
