//! Delivers callbacks with the platform's patience: five seconds, three attempts in all. An answer that
//! tells of a failure of the server (5xx) is none.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use serde::Serialize;

use crate::callback::Letter;
use crate::state::Sandbox;

/// How long one attempt waits for the whole answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Attempts in all; more come only when there was no answer.
const ATTEMPTS: u32 = 3;
/// Between a refused connection, or a failed answer, and the next attempt.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest answer that is read, bytes.
const ANSWER_LIMIT: usize = 1 << 20;

/// What came of it.
#[derive(Serialize, Clone, Debug)]
pub struct Outcome {
    /// Attempts made.
    pub attempts: u32,
    /// HTTP status of the answer; `None` when there was none.
    pub status: Option<u16>,
    /// Its body, or why there is none.
    pub body: String,
    /// From the first attempt to the answer, milliseconds.
    pub ms: u64,
}

/// Posts `letter` to the gateway.
pub async fn deliver(sandbox: &Sandbox, letter: &Letter) -> Outcome {
    let start = Instant::now();
    let mut attempts = 0;
    let (status, body) = loop {
        attempts += 1;
        match tokio::time::timeout(PATIENCE, post(sandbox, letter)).await {
            Ok(Ok((status, body))) if status < 500 || attempts == ATTEMPTS => {
                break (Some(status), body);
            }
            Ok(Err(why)) if attempts == ATTEMPTS => break (None, why),
            Err(_) if attempts == ATTEMPTS => break (None, "no answer within 5 s".to_owned()),
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(_) => {}
        }
    };
    let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Outcome {
        attempts,
        status,
        body,
        ms,
    }
}

async fn post(sandbox: &Sandbox, letter: &Letter) -> Result<(u16, String), String> {
    let callback = &sandbox.settings.callback;
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{callback}?{}", letter.query))
        .header(CONTENT_TYPE, "text/xml")
        .body(Full::from(letter.body.clone()))
        .map_err(|cause| format!("the callback URL cannot be used: {cause}"))?;
    let response = sandbox
        .client
        .request(request)
        .await
        .map_err(|cause| format!("the gateway cannot be reached: {cause}"))?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_LIMIT)
        .collect()
        .await
        .map_err(|cause| format!("the answer broke off: {cause}"))?;
    Ok((
        status,
        String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    ))
}
