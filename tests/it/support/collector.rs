//! A collector of traces: takes OTLP over HTTP in JSON, and keeps the spans.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use scangate::config::{Config, Headers, Text};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::eventually;

/// What lets a node in.
const HEADERS: &str = "Authorization=Bearer of-spans";

/// The running collector.
pub struct Collector {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Book {
    /// The next requests are answered so, and 200 after them.
    answers: VecDeque<(u16, &'static str)>,
    spans: Vec<Span>,
}

/// One span, and the node that sent it.
#[derive(Clone, Debug)]
pub struct Span {
    /// `service.instance.id`
    pub node: String,
    /// As it came.
    pub json: Value,
}

impl Span {
    /// What happened.
    pub fn name(&self) -> &str {
        self.json["name"].as_str().unwrap()
    }

    /// The text or the number of an attribute.
    pub fn attribute(&self, key: &str) -> Option<String> {
        let attributes = self.json["attributes"].as_array().unwrap();
        let found = attributes.iter().find(|pair| pair["key"] == key)?;
        let (_, value) = found["value"].as_object().unwrap().iter().next().unwrap();
        let text = value.as_str().map(str::to_owned);
        Some(text.unwrap_or_else(|| value.to_string()))
    }
}

impl Collector {
    /// Starts one that takes everything.
    pub async fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let book = Arc::<Mutex<Book>>::default();
        let kept = Arc::clone(&book);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let book = Arc::clone(&kept);
                let service = service_fn(move |request| answer(Arc::clone(&book), request));
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Collector {
            address,
            book,
            accepting: accepting.abort_handle(),
        }
    }

    /// Has a gateway send it what happens to its sessions.
    pub fn collects(&self, config: &mut Config) {
        config.trace.otlp_url = Some(format!("http://{}", self.address));
        config.trace.otlp_headers = Some(Headers::from_text(HEADERS).unwrap());
    }

    /// The next request is answered so, and what it brings is not kept; said again, the one after it too.
    pub fn next(&self, status: u16, body: &'static str) {
        self.book.lock().unwrap().answers.push_back((status, body));
    }

    /// What it has by now.
    pub fn spans(&self) -> Vec<Span> {
        self.book.lock().unwrap().spans.clone()
    }

    /// Waits until it has so many.
    pub async fn has(&self, many: usize) -> Vec<Span> {
        let what = format!("whether {many} spans came");
        eventually(&what, true, async || self.spans().len() >= many).await;
        self.spans()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(
    book: Arc<Mutex<Book>>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    assert_eq!(
        (head.method.as_str(), head.uri.path()),
        ("POST", "/v1/traces")
    );
    assert_eq!(head.headers["content-type"], "application/json");
    assert_eq!(head.headers["authorization"], "Bearer of-spans");
    let body = body.collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let mut book = book.lock().unwrap();
    let (status, text) = match book.answers.pop_front() {
        Some(answer) => answer,
        None => {
            book.spans.extend(spans(&body));
            (200, "{}")
        }
    };
    let reply = hyper::Response::builder().status(status);
    Ok(reply.body(Full::from(text)).unwrap())
}

fn spans(body: &Value) -> Vec<Span> {
    let resource = &body["resourceSpans"][0];
    let attributes = resource["resource"]["attributes"].as_array().unwrap();
    let mut names = attributes
        .iter()
        .filter(|pair| pair["key"] == "service.instance.id");
    let node = names.next().unwrap()["value"]["stringValue"]
        .as_str()
        .unwrap();
    let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
    let span = |json: &Value| Span {
        node: node.to_owned(),
        json: json.clone(),
    };
    spans.iter().map(span).collect()
}
