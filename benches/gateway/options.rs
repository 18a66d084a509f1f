//! The command line of the bench.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

/// What this process is to be.
pub enum Invocation {
    /// The floor: a server, which the bench itself starts.
    Floor,
    /// The bench.
    Bench(Options),
}

/// What is measured, and how it is told.
pub struct Options {
    /// Plain websockets held at once.
    pub connections: usize,
    /// TLS websockets held at once.
    pub tls_connections: usize,
    /// Websockets that are opened, bound and pushed to before anything is measured.
    pub warm: usize,
    /// How long each load lasts.
    pub seconds: f64,
    /// A table in Markdown instead of plain text.
    pub markdown: bool,
    /// Where the figures are written as JSON besides.
    pub json: Option<PathBuf>,
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
    Invocation::Bench(Options {
        connections: number("connections", 10_000, 300),
        tls_connections: number("tls-connections", 4_000, 100),
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
        .arg(count("connections").help("Plain websockets to hold [default: 10000]"))
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
