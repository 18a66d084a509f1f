//! `scangate explain`: prints what happened to a session, asked of any node.

use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::ArgMatches;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::source::ops_api_key;
use super::{Exit, print, with_causes};
use crate::config::Secret;
use crate::outbound;
use crate::timeline::Entry;

mod tale;

/// How long the node may take over its answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes: a thousand moments take a fifth of it.
const ANSWER_BYTES: usize = 1 << 20;

/// What a node answers.
#[derive(Debug, Deserialize)]
struct Answer {
    moments: Vec<Entry>,
    truncated: bool,
}

#[derive(Debug, Error)]
enum ExplainError {
    #[error("{0} is no URL of an ops listener")]
    Url(String),
    #[error("could not ask {url}")]
    Ask {
        url: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("no answer within {DEADLINE:?}")]
    Late,
    #[error("nothing is known of this uid, or no more")]
    Unknown,
    #[error("the gateway wants the key of its API: set SCANGATE_OPS_API_KEY")]
    Key,
    #[error("the gateway answered {0}")]
    Refused(StatusCode),
    #[error("the answer is not what is expected")]
    Answer(#[source] serde_json::Error),
}

impl ExplainError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Url(_) => Exit::Usage.into(),
            Self::Unknown => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}

/// Prints what the command line asks for.
pub(super) fn explain(matches: &ArgMatches) -> ExitCode {
    let key = match ops_api_key() {
        Ok(key) => key,
        Err(fault) => {
            eprintln!("error: {fault}");
            return Exit::Config.into();
        }
    };
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: could not start: {}", with_causes(&error));
            return Exit::Internal.into();
        }
    };
    let uid: u32 = *matches.get_one("uid").expect("the uid is required");
    let ops: &String = matches.get_one("ops").expect("--ops has a default");
    let told = runtime.block_on(async {
        let asked = timeout(DEADLINE, ask(ops, uid, key));
        asked.await.unwrap_or(Err(ExplainError::Late))
    });
    let told = told.and_then(|body| {
        let answer: Answer = serde_json::from_slice(&body).map_err(ExplainError::Answer)?;
        Ok((body, answer))
    });
    match told {
        Ok((body, _)) if matches.get_flag("json") => {
            print(&(String::from_utf8_lossy(&body) + "\n"));
            Exit::Done.into()
        }
        Ok((_, answer)) => {
            print(&tale::tale(&answer.moments, answer.truncated));
            Exit::Done.into()
        }
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            error.exit()
        }
    }
}

/// The answer of a node, as it came.
async fn ask(ops: &str, uid: u32, key: Option<Secret>) -> Result<Bytes, ExplainError> {
    let base = if ops.contains("://") {
        ops.trim_end_matches('/').to_owned()
    } else {
        format!("http://{ops}")
    };
    let url = format!("{base}/api/v1/sessions/{uid}/timeline");
    let mut request = Request::get(&url);
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {}", key.expose()));
    }
    let request = request.body(Full::default());
    let request = request.map_err(|_| ExplainError::Url(ops.to_owned()))?;
    let failed = |cause| ExplainError::Ask {
        url: base.clone(),
        cause,
    };
    let client = outbound::client(DEADLINE, None);
    let response = client.request(request).await;
    let response = response.map_err(|error| failed(error.into()))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(ExplainError::Unknown),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(ExplainError::Key),
        status => return Err(ExplainError::Refused(status)),
    }
    let body = Limited::new(response.into_body(), ANSWER_BYTES).collect();
    Ok(body.await.map_err(failed)?.to_bytes())
}
