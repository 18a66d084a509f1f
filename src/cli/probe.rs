//! `scangate probe`: a session of its own goes the whole way, through the real doors.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;
use rustls_pki_types::ServerName;
use serde_json::json;
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::time::{Instant, timeout};

use super::push::{Connection, PushError};
use super::source::{ops_api_key, push_secret};
use super::{Exit, print, with_causes};
use crate::config::Secret;
use crate::outbound::{self, RootsError};
use crate::random;

mod api;
mod page;

use api::{Api, ApiError, Session};
use page::{Page, PageError};

/// How long each step may take; a push is answered within 2 s.
const DEADLINE: Duration = Duration::from_secs(5);

/// How long the session lives if the probe cannot end it.
const SESSION_SECONDS: u64 = 60;

/// Why the way was not gone to its end.
#[derive(Debug, Error)]
enum ProbeError {
    #[error(transparent)]
    Roots(#[from] RootsError),
    #[error("{0} is no name of a host")]
    Name(String),
    #[error("could not register a session at {at}")]
    Register {
        at: String,
        #[source]
        cause: ApiError,
    },
    #[error("could not bind a page at {at}")]
    Bind {
        at: String,
        #[source]
        cause: PageError,
    },
    #[error("could not push at {at}")]
    Push {
        at: String,
        #[source]
        cause: PushError,
    },
    #[error("the push was answered {0}")]
    Refused(String),
    #[error("the page did not hear the event")]
    Unheard(#[source] PageError),
    #[error("the page heard something else: {0}")]
    Changed(String),
    #[error("could not end the session")]
    End(#[source] ApiError),
}

/// Where the doors are, and what opens them.
struct Doors {
    ops: String,
    push: String,
    public: String,
    api_key: Option<Secret>,
    push_secret: Option<Secret>,
    roots: Option<PathBuf>,
    name: Option<String>,
}

/// Goes the whole way, and says of each step how long it took.
pub(super) fn probe(matches: &ArgMatches) -> ExitCode {
    let doors = match doors(matches) {
        Ok(doors) => doors,
        Err(exit) => return exit.into(),
    };
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: could not start: {}", with_causes(&error));
            return Exit::Internal.into();
        }
    };
    match runtime.block_on(whole_way(doors)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn doors(matches: &ArgMatches) -> Result<Doors, Exit> {
    let wrong = |faults| {
        eprintln!("error: {faults}");
        Exit::Config
    };
    let text = |name| matches.get_one::<String>(name).cloned();
    let base = |name| {
        let url = text(name).expect("it has a default");
        url.trim_end_matches('/').to_owned()
    };
    Ok(Doors {
        ops: base("ops"),
        push: text("push").expect("it has a default"),
        public: base("public"),
        api_key: ops_api_key().map_err(wrong)?,
        push_secret: push_secret().map_err(wrong)?,
        roots: matches.get_one("roots").cloned(),
        name: text("tls-name"),
    })
}

async fn whole_way(doors: Doors) -> Result<(), ProbeError> {
    let roots = doors.roots.as_deref().map(outbound::roots).transpose()?;
    let name = doors
        .name
        .map(|name| ServerName::try_from(name.clone()).map_err(|_| ProbeError::Name(name)));
    let client = outbound::named_client(DEADLINE, roots, name.transpose()?);
    let api = Api::new(client.clone(), doors.ops.clone(), doors.api_key);

    let step = Instant::now();
    let session = api.register(SESSION_SECONDS).await.map_err(|cause| {
        let at = doors.ops.clone();
        ProbeError::Register { at, cause }
    })?;
    tell(&format!("registered session {}", session.uid), step);

    let arrived = async {
        let step = Instant::now();
        let bound = Page::bind(&client, &doors.public, &session).await;
        let mut page = bound.map_err(|cause| ProbeError::Bind {
            at: doors.public.clone(),
            cause,
        })?;
        tell("bound a page", step);
        arrives(&mut page, &session, &doors.push, doors.push_secret).await
    };
    let arrived = arrived.await;
    // Whatever became of it: nothing of the probe stays behind.
    let ended = api.end(session.uid).await.map_err(ProbeError::End);
    arrived.and(ended)
}

/// Pushes an event, and waits until the page has heard it as it was pushed.
async fn arrives(
    page: &mut Page,
    session: &Session,
    at: &str,
    secret: Option<Secret>,
) -> Result<(), ProbeError> {
    let failed = |cause| ProbeError::Push {
        at: at.to_owned(),
        cause,
    };
    let event = json!({
        "uid": session.uid,
        "ticket": session.ticket,
        "cmd": "probe",
        "number": u32::from_le_bytes(random::bytes()),
    });
    let event = event.to_string();
    let mut connection = Connection::open(at, secret).await.map_err(failed)?;
    let step = Instant::now();
    let verdict = connection.say(&event).await.map_err(failed)?;
    if verdict != "ok" {
        return Err(ProbeError::Refused(verdict));
    }
    tell("pushed an event", step);
    let heard = timeout(DEADLINE, page.next()).await;
    let heard = heard.unwrap_or(Err(PageError::Late));
    let heard = heard.map_err(ProbeError::Unheard)?;
    if heard != event {
        return Err(ProbeError::Changed(heard));
    }
    tell("the page heard it", step);
    Ok(())
}

/// Prints a step and the milliseconds since it began.
fn tell(step: &str, since: Instant) {
    let ms = since.elapsed().as_secs_f64() * 1000.0;
    print(&format!("{step:<32} {ms:8.1} ms\n"));
}
