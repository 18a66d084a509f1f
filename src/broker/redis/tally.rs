//! How commands fare: what came of each, and how long its answer took. Whoever sends a command has its
//! tally at hand, looked up once.

use std::time::Duration;

use fred::error::{Error, ErrorKind};
use prometheus::{Histogram, IntCounter};
use tokio::time::Instant;

use crate::broker::BrokerError;
use crate::metrics::Metrics;

/// The figures of one command.
#[derive(Debug)]
pub(super) struct Tally {
    ok: IntCounter,
    refused: IntCounter,
    silent: IntCounter,
    unavailable: IntCounter,
    seconds: Histogram,
}

/// What came of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was answered.
    Ok,
    /// Redis told an error: nothing was done.
    Refused,
    /// There was no answer: it may or may not have been done.
    Silent,
    /// It was not sent.
    Unavailable,
}

impl Tally {
    pub fn of(command: &str, metrics: &Metrics) -> Self {
        let counter = |result| {
            let total = &metrics.redis_commands_total;
            total.with_label_values(&[command, result])
        };
        let durations = &metrics.redis_command_duration_seconds;
        Self {
            ok: counter("ok"),
            refused: counter("refused"),
            silent: counter("silent"),
            unavailable: counter("unavailable"),
            seconds: durations.with_label_values(&[command]),
        }
    }

    /// Waits for the answer to a command, and counts what came of it.
    ///
    /// Not an `async fn`: fred's futures take 7 KB, which it and each future around it would copy.
    pub fn watch<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, BrokerError>> {
        let answer = Box::pin(answer);
        async move {
            let asked = Instant::now();
            let answer = answer.await;
            self.count(Outcome::of(&answer), asked.elapsed());
            answer.map_err(failure)
        }
    }

    /// Counts what came of a command that took so long.
    pub fn count(&self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Ok => self.ok.inc(),
            Outcome::Refused => self.refused.inc(),
            Outcome::Silent => self.silent.inc(),
            Outcome::Unavailable => self.unavailable.inc(),
        }
        if matches!(outcome, Outcome::Ok | Outcome::Refused) {
            self.seconds.observe(took.as_secs_f64());
        }
    }
}

impl Outcome {
    pub fn of<T>(answer: &Result<T, Error>) -> Self {
        match answer {
            Ok(_) => Outcome::Ok,
            Err(error) => Outcome::of_error(error),
        }
    }

    fn of_error(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Timeout | ErrorKind::IO | ErrorKind::Canceled => Outcome::Silent,
            _ if is_told_by_server(error.details()) => Outcome::Refused,
            ErrorKind::Unknown | ErrorKind::Protocol | ErrorKind::Cluster => Outcome::Silent,
            _ => Outcome::Unavailable,
        }
    }
}

/// Whether nothing was done for certain. An error that the server itself tells is such; so is one
/// of a command that never was written.
pub(super) fn failure(error: Error) -> BrokerError {
    match Outcome::of_error(&error) {
        Outcome::Silent => BrokerError::Silent,
        _ => {
            tracing::warn!(%error, "Redis refused a command");
            BrokerError::Unavailable
        }
    }
}

/// `READONLY You can't write…`, `LOADING Redis is loading…`, `CLUSTERDOWN …`: a word in capitals.
fn is_told_by_server(details: &str) -> bool {
    let word = details.split(' ').next().unwrap_or_default();
    word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_tells_is_refused_and_what_nobody_tells_is_silent() {
        for (kind, details, outcome) in [
            (
                ErrorKind::Unknown,
                "READONLY You can't write",
                Outcome::Refused,
            ),
            (
                ErrorKind::Cluster,
                "CLUSTERDOWN Hash slot not served",
                Outcome::Refused,
            ),
            (ErrorKind::Protocol, "Unexpected frame", Outcome::Silent),
            (ErrorKind::Timeout, "Request timed out.", Outcome::Silent),
            (ErrorKind::IO, "Connection reset by peer", Outcome::Silent),
            (
                ErrorKind::Backpressure,
                "Max command queue length exceeded.",
                Outcome::Unavailable,
            ),
        ] {
            let answer: Result<(), Error> = Err(Error::new(kind, details));
            assert_eq!(Outcome::of(&answer), outcome, "{details}");
        }
    }
}
