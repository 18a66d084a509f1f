//! `POST /api/v1/push`: the push line as a body, the verbose verdict as the answer.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use tokio::time::{Instant, timeout};

use crate::gateway::Gateway;
use crate::http::{self, BodyError, Request, Response};
use crate::message::PushLine;
use crate::verdict::{Door, Failure, Verdict};

/// Every push is answered within this, whatever the broker does.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// 200 for `ok` and `queued`, 422 for `fail`, 504 for `unknown`.
pub(super) async fn push(gateway: &Arc<Gateway>, request: Request) -> Response {
    let (patience, most, keep) = {
        let config = gateway.config();
        (
            config.limit.header,
            config.push.line_bytes,
            config.push.retain,
        )
    };
    let body = http::read_body(request.into_body(), most, patience).await;
    let started = Instant::now();
    let event = match body {
        Ok(body) => PushLine::parse(body).event.map_err(Failure::from),
        Err(BodyError::TooLarge) => Err(Failure::TooLong),
        Err(error) => return error.response(),
    };
    let verdict = match event {
        Err(failure) => count(gateway, Verdict::Failed(failure)),
        Ok(event) => {
            let publish = gateway.hub.publish(Door::Api, &event, keep, started);
            match timeout(ANSWER_WITHIN, publish).await {
                Ok(verdict) => verdict,
                Err(_) => count(gateway, Verdict::Unknown),
            }
        }
    };
    let status = match verdict {
        Verdict::Accepted { .. } => StatusCode::OK,
        Verdict::Failed(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Verdict::Unknown => StatusCode::GATEWAY_TIMEOUT,
    };
    let words = verdict.verbose(started.elapsed().as_millis() as u64);
    http::with_type(status, "application/json", words)
}

/// Counts a verdict that the hub has not.
fn count(gateway: &Gateway, verdict: Verdict) -> Verdict {
    verdict.count(Door::Api, &gateway.metrics);
    verdict
}
