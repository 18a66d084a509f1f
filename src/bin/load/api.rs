//! The one thing asked of the server API: sessions of our own on record.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use crate::settings::Settings;

/// What proves that one may bind and push.
pub struct Code {
    /// Who is meant.
    pub uid: u32,
    /// The proof.
    pub ticket: String,
}

impl Code {
    /// The beginning of every JSON object for it: `{"uid":1,"ticket":"…"`.
    pub fn claim(&self) -> String {
        format!(r#"{{"uid":{},"ticket":"{}""#, self.uid, self.ticket)
    }
}

/// How long the sessions outlive the load and the patience after it.
const REST: Duration = Duration::from_secs(60);

/// Puts so many sessions on record.
///
/// # Errors
/// A sentence when the server API does not.
pub async fn register(settings: &Settings, count: usize) -> Result<Vec<Code>, String> {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let url = format!("http://{}/api/v1/sessions", settings.ops);
    let life = (settings.duration + settings.patience + REST).as_secs();
    let mut codes = Vec::with_capacity(count);
    while codes.len() < count {
        let mut random = [0; 4];
        getrandom::fill(&mut random).expect("the system has a random generator");
        let uid = u32::from_le_bytes(random).clamp(1, 4_294_967_200);
        let ticket = format!("load-{uid}");
        let order = json!({"uid": uid, "ticket": ticket, "ttl": life}).to_string();
        let mut request = Request::builder().method(Method::POST).uri(&url);
        if let Some(key) = &settings.api_key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let request = request.body(Full::from(order));
        let request = request.map_err(|cause| format!("could not ask {url}: {cause}"))?;
        let reply = client.request(request).await;
        let reply = reply.map_err(|cause| format!("could not ask {url}: {cause}"))?;
        let status = reply.status();
        // The connection is kept for the next one once the body was read.
        let body = reply.into_body().collect().await;
        let body = body.map_err(|cause| format!("could not read an answer: {cause}"))?;
        if status != StatusCode::CREATED {
            let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
            return Err(format!("no session was made: {status} {body}"));
        }
        codes.push(Code { uid, ticket });
    }
    Ok(codes)
}
