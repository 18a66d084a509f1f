//! `scangate push`: publishes events from a shell through the push port.

use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;
use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::source::push_secret;
use super::{Exit, print, with_causes};
use crate::config::Secret;

mod event;

use event::{EventError, Target};

/// How long the connection and each answer may take; the gateway itself answers within 2 s.
const DEADLINE: Duration = Duration::from_secs(3);

/// What became of an event, as the exit code; the worst of several counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Outcome {
    /// `ok` or `queued`
    Accepted = 0,
    /// `fail`
    Refused = 1,
    /// `unknown`, or no answer at all
    Unknown = 2,
}

#[derive(Debug, Error)]
pub(super) enum PushError {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("could not read standard input")]
    Stdin(#[source] io::Error),
    #[error("could not reach {address}")]
    Connect {
        address: String,
        #[source]
        cause: io::Error,
    },
    #[error("the gateway refused the secret")]
    Unauthorised,
    #[error("the connection broke")]
    Io(#[from] io::Error),
    #[error("no answer within {DEADLINE:?}")]
    Late,
}

impl PushError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Event(_) | Self::Stdin(_) => Exit::Usage.into(),
            Self::Unauthorised => ExitCode::from(Outcome::Refused as u8),
            Self::Connect { .. } | Self::Io(_) | Self::Late => {
                ExitCode::from(Outcome::Unknown as u8)
            }
        }
    }
}

/// Publishes what the command line says, and prints one verdict a line.
pub(super) fn push(matches: &ArgMatches) -> ExitCode {
    let secret = match push_secret() {
        Ok(secret) => secret,
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
    match runtime.block_on(publish(matches, secret)) {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            error.exit()
        }
    }
}

async fn publish(matches: &ArgMatches, secret: Option<Secret>) -> Result<Outcome, PushError> {
    let target = Target {
        uid: matches.get_one("uid").copied(),
        ticket: matches.get_one("ticket").cloned(),
    };
    let address: &String = matches.get_one("to").expect("--to has a default");
    if matches.contains_id("stdin") {
        let mut connection = Connection::open(address, secret).await?;
        let mut worst = Outcome::Accepted;
        for line in io::stdin().lock().lines() {
            let line = line.map_err(PushError::Stdin)?;
            if !line.trim().is_empty() {
                worst = worst.max(connection.publish(&target.event(&line)?).await?);
            }
        }
        return Ok(worst);
    }
    let json = matches.get_one("json").map_or("{}", String::as_str);
    let event = target.event(json)?;
    Connection::open(address, secret)
        .await?
        .publish(&event)
        .await
}

/// A connection to the push port.
pub(super) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects, and presents the secret if there is one.
    pub(super) async fn open(address: &str, secret: Option<Secret>) -> Result<Self, PushError> {
        let stream = timeout(DEADLINE, TcpStream::connect(address))
            .await
            .map_err(|_| PushError::Late)?
            .map_err(|cause| PushError::Connect {
                address: address.to_owned(),
                cause,
            })?;
        let mut connection = Self(BufReader::new(stream));
        if let Some(secret) = secret {
            let line = serde_json::json!({ "auth": secret.expose() }).to_string();
            if connection.say(&line).await? != "ok" {
                return Err(PushError::Unauthorised);
            }
        }
        Ok(connection)
    }

    /// Publishes one event and prints the verdict.
    async fn publish(&mut self, event: &str) -> Result<Outcome, PushError> {
        let verdict = self.say(event).await?;
        print(&format!("{verdict}\n"));
        Ok(outcome(&verdict))
    }

    /// Sends a line; returns the one that answers it.
    pub(super) async fn say(&mut self, line: &str) -> Result<String, PushError> {
        let exchange = async {
            self.0.write_all(format!("{line}\n").as_bytes()).await?;
            let mut answer = String::new();
            match self.0.read_line(&mut answer).await? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                _ => Ok(answer.trim_end().to_owned()),
            }
        };
        timeout(DEADLINE, exchange)
            .await
            .map_err(|_| PushError::Late)?
            .map_err(PushError::Io)
    }
}

/// Reads a verdict, `{"result":"ok",…}` or the bare word.
fn outcome(verdict: &str) -> Outcome {
    let object: Option<Value> = serde_json::from_str(verdict).ok();
    let result = object.as_ref().and_then(|object| object["result"].as_str());
    match result.unwrap_or(verdict) {
        "ok" | "queued" => Outcome::Accepted,
        "fail" => Outcome::Refused,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_secret_is_presented_first() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let gateway = tokio::spawn(async move {
            let mut stream = BufReader::new(listener.accept().await.unwrap().0);
            let mut heard = String::new();
            for answer in ["ok\n", "{\"result\":\"fail\"}\n"] {
                stream.read_line(&mut heard).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            heard
        });
        let secret = Some(Secret::new("hush-hush"));
        let mut connection = Connection::open(&address, secret).await.unwrap();
        assert_eq!(connection.publish("{}").await.unwrap(), Outcome::Refused);
        assert_eq!(gateway.await.unwrap(), "{\"auth\":\"hush-hush\"}\n{}\n");
    }

    #[test]
    fn verdicts_become_exit_codes() {
        assert_eq!(outcome(r#"{"result":"ok","id":"1"}"#), Outcome::Accepted);
        assert_eq!(outcome("queued"), Outcome::Accepted);
        assert_eq!(
            outcome(r#"{"result":"fail","reason":"no_uid"}"#),
            Outcome::Refused
        );
        assert_eq!(outcome(r#"{"result":"unknown"}"#), Outcome::Unknown);
        assert_eq!(outcome("HTTP/1.1 400 Bad Request"), Outcome::Unknown);
    }
}
