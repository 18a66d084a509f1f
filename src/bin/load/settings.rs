//! What the command line says.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};

/// A run.
pub struct Settings {
    /// Where pages open.
    pub page: SocketAddr,
    /// Push ports; the backends take them in turn.
    pub push: Vec<SocketAddr>,
    /// Where sessions are put on record.
    pub ops: SocketAddr,
    /// Pages that read.
    pub pages: usize,
    /// Pages that do not.
    pub sleepers: usize,
    /// Backends, each with a connection of its own.
    pub connections: usize,
    /// Lines a second in all; 0 for as many as are answered.
    pub rate: u32,
    /// How long lines are said.
    pub duration: Duration,
    /// How long what is under way may take afterwards.
    pub patience: Duration,
    /// What 95 of 100 events must need less than, from the backend to the page.
    pub p95: Duration,
    /// Of the server API, where it needs one.
    pub api_key: Option<String>,
    /// Of the push port, where it needs one.
    pub push_secret: Option<String>,
}

impl Settings {
    /// Reads them; says what is wrong and ends the process, where something is.
    pub fn read() -> Settings {
        let given = command_line().get_matches();
        let push: clap::parser::ValuesRef<SocketAddr> =
            given.get_many("push").expect("it is required");
        let seconds = |name| Duration::from_secs(u64::from(number(&given, name)));
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Settings {
            page: address(&given, "page"),
            push: push.copied().collect(),
            ops: address(&given, "ops"),
            pages: number(&given, "pages") as usize,
            sleepers: number(&given, "sleepers") as usize,
            connections: number(&given, "connections") as usize,
            rate: number(&given, "rate"),
            duration: seconds("seconds"),
            patience: seconds("patience"),
            p95: Duration::from_millis(u64::from(number(&given, "p95-ms"))),
            api_key: variable("API_KEY"),
            push_secret: variable("PUSH_SECRET"),
        }
    }
}

fn command_line() -> Command {
    let place = |name: &'static str, help| {
        let flag = Arg::new(name).long(name).value_name("ADDR:PORT").help(help);
        flag.required(true).value_parser(value_parser!(SocketAddr))
    };
    let count = |name: &'static str, default, help| {
        let flag = Arg::new(name).long(name).value_name("NUMBER").help(help);
        flag.default_value(default)
            .value_parser(value_parser!(u32).range(..=100_000))
    };
    Command::new("scangate-load")
        .about("Push over the push port to pages of our own, and tell how it went as JSON")
        .after_help("The variables API_KEY and PUSH_SECRET hold what the gateway may ask for.")
        .args([
            place("page", "Where pages open their websockets"),
            place("push", "The push port, or several joined by commas").value_delimiter(','),
            place("ops", "The ops listener"),
            count("pages", "50", "Pages that read"),
            count(
                "sleepers",
                "0",
                "Pages that do not read: they get long lines, until they are sent away",
            ),
            count("connections", "4", "Backends").value_parser(value_parser!(u32).range(1..=1000)),
            count(
                "rate",
                "0",
                "Lines a second in all; 0 for as many as are answered",
            ),
            count("seconds", "10", "How long lines are said"),
            count("patience", "20", "Seconds for what is still under way then"),
            count(
                "p95-ms",
                "1000",
                "What 95 of 100 events must need less than, to the page",
            ),
        ])
}

fn address(given: &ArgMatches, name: &str) -> SocketAddr {
    let address: &SocketAddr = given.get_one(name).expect("it is required");
    *address
}

fn number(given: &ArgMatches, name: &str) -> u32 {
    *given.get_one(name).expect("it has a default")
}
