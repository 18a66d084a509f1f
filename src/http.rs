//! The plain half of HTTP: answers in the house's forms, bodies with a bound and a deadline, and
//! one way to serve a connection that may end in an upgrade.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::stream::{Stream, close_gently};

/// A request as it comes in.
pub type Request = hyper::Request<Incoming>;
/// An answer; all of ours are made in memory.
pub type Response = hyper::Response<Full<Bytes>>;

/// JSON that no cache keeps.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("plain data");
    with_type(status, "application/json", body)
}

/// `{"error":{"code":"snake_case","message":"one sentence"}}`.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        error: Error<'a>,
    }
    #[derive(Serialize)]
    struct Error<'a> {
        code: &'a str,
        message: &'a str,
    }
    let error = Error { code, message };
    json(status, &Body { error })
}

/// An answer of this type that no cache keeps.
pub fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        "x-content-type-options",
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// There is nothing at this path.
pub fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
}

/// The path is right, the method is not.
pub fn method_not_allowed(allowed: &'static str) -> Response {
    let response = error(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not take that method.",
    );
    allowing(response, allowed)
}

/// `Allow`, which tells the methods that a path takes.
pub fn allowing(mut response: Response, allowed: &'static str) -> Response {
    let allowed = HeaderValue::from_static(allowed);
    response.headers_mut().insert(hyper::header::ALLOW, allowed);
    response
}

/// `Retry-After`, in whole seconds, at least one.
pub fn retry_after(mut response: Response, wait: Duration) -> Response {
    let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// A header's value as text; empty where it is missing or no text.
pub fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// How a request came to the outermost of us: over TLS or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS, ours or that of a proxy that is believed.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        })
    }
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// It took too long to come.
    #[error("the body came too slowly")]
    TooSlow,
    /// The connection broke.
    #[error("the body ended early")]
    Broken,
}

impl BodyError {
    /// The fitting status.
    pub fn status(self) -> StatusCode {
        match self {
            BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken => StatusCode::BAD_REQUEST,
        }
    }

    /// The house's form of it.
    pub fn response(self) -> Response {
        let code = match self {
            BodyError::TooLarge => "too_large",
            BodyError::TooSlow => "too_slow",
            BodyError::Broken => "bad_body",
        };
        error(self.status(), code, &format!("{self}."))
    }
}

/// The whole body, at most `most` bytes, counted while they come.
pub async fn read_body(
    body: Incoming,
    most: usize,
    patience: Duration,
) -> Result<Bytes, BodyError> {
    match timeout(patience, Limited::new(body, most).collect()).await {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}

/// What a connection is left with after an upgrade.
#[derive(Debug)]
pub struct Upgraded {
    /// The connection itself, hyper's buffers gone.
    pub stream: Stream,
    /// What the peer sent right behind its request.
    pub early: Bytes,
}

/// Longest life of a connection that speaks HTTP; it is renewed by connecting again.
const LONGEST_LIFE: Duration = Duration::from_secs(300);
/// How long a request under way may go on after that, or after closing began.
const LAST_REQUEST: Duration = Duration::from_secs(30);
/// Header lines of a request.
const MAX_HEADERS: usize = 64;
/// Bytes of a request's head.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Serves requests until the connection is over. Gives it back where `answer` switched protocols.
///
/// `patience` is how long the head of a request may take, and how long a connection may idle
/// between two.
pub async fn serve<F>(
    stream: Stream,
    patience: Duration,
    closing: CancellationToken,
    answer: impl Fn(Request) -> F,
) -> Result<Option<Upgraded>, hyper::Error>
where
    F: Future<Output = Response> + Send,
{
    let upgraded = AtomicBool::new(false);
    let service = service_fn(|request: Request| {
        let answering = answer(request);
        let upgraded = &upgraded;
        Box::pin(async move {
            let response = answering.await;
            let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
            upgraded.store(switched, Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .half_close(false)
        .serve_connection(TokioIo::new(stream), service);
    let ended = {
        let mut run = poll_fn(|context| connection.poll_without_shutdown(context));
        tokio::select! {
            ended = &mut run => Some(ended),
            () = closing.cancelled() => None,
            () = tokio::time::sleep(LONGEST_LIFE) => None,
        }
    };
    match ended {
        Some(ended) => ended?,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            let run = poll_fn(|context| connection.poll_without_shutdown(context));
            match timeout(LAST_REQUEST, run).await {
                Ok(ended) => ended?,
                Err(_) => return Ok(None),
            }
        }
    }
    let parts = connection.into_parts();
    let stream = parts.io.into_inner();
    if !upgraded.load(Ordering::Relaxed) {
        // Whoever waits for the end of the answer should see it.
        let _ = close_gently(stream).await;
        return Ok(None);
    }
    Ok(Some(Upgraded {
        stream,
        early: parts.read_buf,
    }))
}
