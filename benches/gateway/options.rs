//! The command line of the bench.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command, ValueEnum, value_parser};

use crate::round::Sizes;

/// What this process is to be.
pub enum Invocation {
    /// The floor: a server, which the bench itself starts.
    Floor,
    /// The bench.
    Bench(Options),
}

/// What joins the nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Broker {
    /// Nothing: one node, beside the floor.
    Embedded,
    /// One Redis.
    Redis,
    /// A Redis Cluster of three primaries.
    Cluster,
}

/// What is measured, and how it is told.
pub struct Options {
    /// What joins the nodes, by turns.
    pub brokers: Vec<Broker>,
    /// Plain websockets held at once.
    pub connections: usize,
    /// TLS websockets held at once.
    pub tls_connections: usize,
    /// Pages that are bound when Redis loses everything.
    pub bound: usize,
    /// Websockets that are opened, bound and pushed to before anything is measured.
    pub warm: usize,
    /// How long each load lasts.
    pub seconds: f64,
    /// A table in Markdown instead of plain text.
    pub markdown: bool,
    /// Where the figures are written as JSON besides.
    pub json: Option<PathBuf>,
}

impl Options {
    /// Of a round with so many pages.
    pub fn sizes(&self, pages: usize) -> Sizes {
        Sizes {
            pages,
            warm: self.warm,
            load: Duration::from_secs_f64(self.seconds),
        }
    }
}

const ALL: [Broker; 3] = [Broker::Embedded, Broker::Redis, Broker::Cluster];

impl ValueEnum for Broker {
    fn value_variants<'a>() -> &'a [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Broker::Embedded => "embedded",
            Broker::Redis => "redis",
            Broker::Cluster => "cluster",
        }))
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broker::Embedded => "embedded",
            Broker::Redis => "one Redis",
            Broker::Cluster => "Cluster of 3",
        })
    }
}

/// Reads the command line, or says what is wrong with it and exits.
pub fn read() -> Invocation {
    let matches = command().get_matches();
    if matches.get_flag("floor") {
        return Invocation::Floor;
    }
    // Cargo says `--bench` when it benches; `cargo test` runs a bench too, to see that it works.
    let quick = matches.get_flag("quick") || !matches.get_flag("bench");
    let number = |name, full, small| match matches.get_one::<usize>(name) {
        Some(number) => *number,
        None if quick => small,
        None => full,
    };
    let default_seconds = if quick { 0.2 } else { 4.0 };
    let possible = if quick { &ALL[..2] } else { &ALL };
    let brokers = matches.get_many("broker").map(Iterator::copied);
    Invocation::Bench(Options {
        brokers: brokers.map_or(possible.to_vec(), Iterator::collect),
        connections: number("connections", 10_000, 300),
        tls_connections: number("tls-connections", 4_000, 100),
        bound: number("connections", 20_000, 300),
        warm: if quick { 50 } else { 500 },
        seconds: *matches.get_one("seconds").unwrap_or(&default_seconds),
        markdown: matches.get_flag("markdown"),
        json: matches.get_one("json").cloned(),
    })
}

fn command() -> Command {
    let switch = |name| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let count = |name| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .value_parser(value_parser!(usize))
    };
    Command::new("gateway")
        .about("Measures the gateway beside a raw tokio floor")
        .arg(
            Arg::new("broker")
                .long("broker")
                .value_name("BROKER")
                .value_delimiter(',')
                .value_parser(value_parser!(Broker))
                .help("What joins the nodes: embedded, redis, cluster [default: all]"),
        )
        .arg(
            count("connections").help(
                "Plain websockets to hold [default: 10000; 20000 while Redis loses everything]",
            ),
        )
        .arg(count("tls-connections").help("TLS websockets to hold [default: 4000]"))
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("S")
                .value_parser(value_parser!(f64))
                .help("How long each load lasts [default: 4]"),
        )
        .arg(
            switch("quick").help("Sizes that only prove that it runs; the default without --bench"),
        )
        .arg(switch("markdown").help("Print the table in Markdown"))
        .arg(
            Arg::new("json")
                .long("json")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write the figures as JSON, too"),
        )
        .arg(switch("bench").hide(true))
        .arg(switch("floor").hide(true))
}
