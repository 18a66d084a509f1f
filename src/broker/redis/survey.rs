//! What a Redis says and lets one do, for an operator who wants to know whether it will serve. These
//! are facts; what to think of them is another's business. It writes nothing but under a name of
//! its own, and takes that away again.

use std::collections::HashMap;
use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, ClusterInterface, LuaInterface};
use fred::types::config::{Config, ConnectionConfig, Options, PerformanceConfig, Server};
use fred::types::{Builder, ClusterHash, CustomCommand, InfoKind, RespVersion, Value};
use tokio::time::Instant;

use super::{Answer, unix_millis};
use crate::random;
use crate::session::hex;

mod hearing;
mod rights;

pub use rights::Refused;

/// What came to light about a Redis. What could not be asked holds why.
#[derive(Debug)]
pub struct Survey {
    /// The servers that take writes: one, or the primaries of a Cluster.
    pub servers: Vec<Told>,
    /// `CLUSTER INFO`, where the URL says that it is a Cluster.
    pub cluster: Option<Result<Sheet, String>>,
    /// The middle one of several round trips.
    pub round_trip: Result<Duration, String>,
    /// From a script: milliseconds that Redis's clock is ahead of ours.
    pub clock_ahead: Result<i64, String>,
    /// From a message said on a sharded channel to its coming back.
    pub heard: Result<Duration, String>,
    /// What the user of the URL may not do.
    pub refused: Vec<Refused>,
}

/// What one server tells of itself.
#[derive(Debug, Clone)]
pub struct Told {
    /// `redis.internal:6379`
    pub address: String,
    /// `INFO`
    pub info: Result<Sheet, String>,
    /// Those settings that matter here; managed servers often keep them to themselves.
    pub settings: Result<Sheet, String>,
}

/// Names with their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet(HashMap<String, String>);

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// Round trips that are measured, at most.
const ROUND_TRIPS: usize = 9;

/// How long all of it can take: two connections, each with its greeting; the round trips, of which the last
/// may begin when the time for all is just over; then the longest of the questions that are asked
/// side by side, which is hearing (subscribe, say, hear, leave); and the goodbye. Only where Sentinels are silent it
/// may be more.
pub const MOST: Duration =
    Duration::from_secs(4 * CONNECT.as_secs() + (2 + 4 + 1) * PATIENCE.as_secs());

/// Asks the Redis of this URL, under a name below this prefix; an error says why it cannot be asked.
pub async fn survey(url: &str, prefix: &str) -> Result<Survey, String> {
    let config = Config::from_url(url).map_err(told)?;
    let is_cluster = config.server.is_clustered();
    // Also a server too old for us shall be able to say so; `HELLO` came with 6.0.
    let commands = builder(&config, RespVersion::RESP2).build().map_err(told)?;
    commands.init().await.map_err(told)?;
    let own = format!("{prefix}:{{doctor-{}}}", hex(&random::bytes::<8>()));
    // By itself, for what follows would make it longer.
    let round_trip = round_trip(&commands).await;
    let (servers, cluster, clock_ahead, heard, refused) = tokio::join!(
        ask_each(&commands, servers(&commands, &config)),
        async {
            match is_cluster {
                true => Some(sheet(&commands, "CLUSTER", &["INFO"], None).await),
                false => None,
            }
        },
        clock_ahead(&commands, &own),
        hearing::hear(&commands, &config, format!("{own}:c")),
        rights::refused(&commands, &own),
    );
    let _ = commands.quit().await;
    Ok(Survey {
        servers,
        cluster,
        round_trip,
        clock_ahead,
        heard,
        refused,
    })
}

/// How clients are made here: patient for a moment, and once.
fn builder(config: &Config, version: RespVersion) -> Builder {
    let mut config = config.clone();
    config.version = version;
    let mut builder = Builder::from_config(config);
    builder
        .with_performance_config(|performance: &mut PerformanceConfig| {
            performance.default_command_timeout = PATIENCE;
        })
        .with_connection_config(|connection: &mut ConnectionConfig| {
            connection.connection_timeout = CONNECT;
            connection.internal_command_timeout = CONNECT;
            connection.max_command_attempts = 1;
        });
    builder
}

/// The servers to ask; None stands for the only one.
fn servers(client: &Client, config: &Config) -> Vec<(String, Option<Server>)> {
    if let Some(slots) = client.cached_cluster_state() {
        let primaries = slots.unique_primary_nodes().into_iter();
        return primaries
            .map(|primary| (primary.to_string(), Some(primary)))
            .collect();
    }
    let known = client.active_connections();
    let one = known.into_iter().chain(config.server.hosts()).next();
    vec![(
        one.map(|server| server.to_string()).unwrap_or_default(),
        None,
    )]
}

async fn ask_each(client: &Client, servers: Vec<(String, Option<Server>)>) -> Vec<Told> {
    const SETTINGS: [&str; 8] = [
        "GET",
        "save",
        "appendfsync",
        "stop-writes-on-bgsave-error",
        "client-output-buffer-limit",
        "timeout",
        "tcp-keepalive",
        "min-replicas-to-write",
    ];
    let asked = servers.into_iter().map(async |(address, server)| Told {
        info: info(client, server.as_ref()).await,
        settings: sheet(client, "CONFIG", &SETTINGS, server.as_ref()).await,
        address,
    });
    futures_util::future::join_all(asked).await
}

async fn info(client: &Client, server: Option<&Server>) -> Result<Sheet, String> {
    let options = at(server);
    let told_all: Result<String, Error> =
        client.with_options(&options).info(None::<InfoKind>).await;
    told_all.map(|text| Sheet::of(&text)).map_err(told)
}

/// A command that answers with names and values, or with lines of them.
async fn sheet(
    client: &Client,
    command: &'static str,
    arguments: &[&str],
    server: Option<&Server>,
) -> Result<Sheet, String> {
    let command = CustomCommand::new_static(command, ClusterHash::Random, false);
    let arguments: Vec<Value> = arguments.iter().map(|word| Value::from(*word)).collect();
    let options = at(server);
    let answer: Value = client
        .with_options(&options)
        .custom(command, arguments)
        .await
        .map_err(told)?;
    if let Some(lines) = answer.as_str() {
        return Ok(Sheet::of(&lines));
    }
    answer.convert().map(Sheet).map_err(told)
}

fn at(server: Option<&Server>) -> Options {
    Options {
        cluster_node: server.cloned(),
        ..Options::default()
    }
}

async fn round_trip(client: &Client) -> Result<Duration, String> {
    let mut took = Vec::new();
    let first = Instant::now();
    while took.len() < ROUND_TRIPS && first.elapsed() < PATIENCE {
        let begun = Instant::now();
        let pong: Result<(), Error> = client.ping(None).await;
        pong.map_err(told)?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    Ok(took[took.len() / 2])
}

/// By the script with which a node sings to itself.
async fn clock_ahead(client: &Client, own: &str) -> Result<i64, String> {
    let channel = format!("{own}:c");
    let begun = Instant::now();
    let before = unix_millis();
    let answer: Value = client
        .eval(include_str!("lua/sing.lua"), vec![channel], vec!["doctor"])
        .await
        .map_err(told)?;
    let here = before + (begun.elapsed() / 2).as_millis() as i64;
    Ok(Answer::of(answer.into_array()).number() - here)
}

/// What went wrong, in the words of the server or of the system. Fred shows an error of the system as
/// its parts: `Os { code: 111, …, message: "Connection refused" }`.
fn told(error: Error) -> String {
    let details = error.details();
    let parts = match details.split_once(" { ") {
        Some(("Os", parts)) => parts.split_once("message: "),
        Some(("Custom", parts)) => parts.split_once("error: "),
        _ => None,
    };
    let words = parts.map(|(_, words)| words.trim_end_matches(" }").trim_matches('"'));
    words.unwrap_or(details).to_owned()
}

impl Sheet {
    /// Reads lines of `name:value`.
    pub fn of(lines: &str) -> Self {
        let pairs = lines.lines().filter_map(|line| line.split_once(':'));
        let owned = pairs.map(|(name, value)| (name.to_owned(), value.trim_end().to_owned()));
        Self(owned.collect())
    }

    /// The value of a name; None where it was not told.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a name as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use fred::error::ErrorKind;

    use super::*;

    #[test]
    fn an_error_of_the_system_is_told_in_its_words() {
        let refused = std::io::Error::from_raw_os_error(111);
        assert_eq!(told(Error::from(refused)), "Connection refused");
        let spoilt = std::io::Error::new(std::io::ErrorKind::InvalidData, "bad certificate");
        assert_eq!(told(Error::from(spoilt)), "bad certificate");
        let server = Error::new(ErrorKind::Auth, "WRONGPASS invalid username-password pair");
        assert_eq!(told(server), "WRONGPASS invalid username-password pair");
    }

    #[test]
    fn a_sheet_is_read_from_lines() {
        let sheet = Sheet::of("# Server\r\nredis_version:7.0.15\r\nmaxmemory:0\r\nsave:\r\n");
        assert_eq!(sheet.get("redis_version"), Some("7.0.15"));
        assert_eq!(
            (sheet.number("maxmemory"), sheet.get("save")),
            (Some(0), Some(""))
        );
        assert_eq!(sheet.get("role"), None);
    }
}
