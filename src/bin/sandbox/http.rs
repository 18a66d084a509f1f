//! The one HTTP server: reads a request, asks the right room, writes the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::state::Sandbox;
use crate::{api, control, phone};

/// Longest request body, bytes.
const BODY_LIMIT: usize = 1 << 20;

/// A request, read.
pub struct Request {
    pub method: Method,
    pub path: String,
    /// The query string as it came, without the `?`.
    pub query: String,
    pub body: Bytes,
}

/// An answer, whole.
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Bytes,
}

impl Answer {
    /// Anything.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
        let body = body.into();
        Answer {
            status,
            content_type,
            body,
        }
    }

    /// JSON.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::new(status, "application/json", body.to_string())
    }

    /// A refusal of the sandbox's own: `{"error":{"code":…,"message":…}}`.
    pub fn error(status: u16, code: &str, message: &str) -> Answer {
        Answer::json(
            status,
            &json!({"error": {"code": code, "message": message}}),
        )
    }
}

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, sandbox: Arc<Sandbox>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: `accept` would fail again at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let sandbox = sandbox.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(request, sandbox.clone()));
            // A client that goes away in the middle is not worth a word.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn respond(
    request: hyper::Request<Incoming>,
    sandbox: Arc<Sandbox>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let answer = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => {
            let request = Request {
                method: head.method,
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                body: body.to_bytes(),
            };
            route(request, sandbox).await
        }
        Err(_) => Answer::error(413, "too_large", "The request body is too large."),
    };
    Ok(write(answer))
}

async fn route(request: Request, sandbox: Arc<Sandbox>) -> Answer {
    if let Some(call) = request.path.strip_prefix("/cgi-bin/") {
        let call = call.to_owned();
        return api::answer(&call, &request, &sandbox).await;
    }
    if let Some(verb) = request.path.strip_prefix("/sandbox/") {
        let verb = verb.to_owned();
        return control::answer(&verb, &request, &sandbox).await;
    }
    phone::answer(&request, &sandbox)
}

fn write(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, answer.content_type);
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    response
}
