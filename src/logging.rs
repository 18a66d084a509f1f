//! Log lines: one sentence with fields each, on standard error, for people or for machines.

use std::io::{self, IsTerminal};

use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::{Format, Log};

/// The running log; its level can be changed.
#[derive(Clone, Debug)]
pub struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
}

/// Starts the log of this process. A second start, as in tests, leaves the first one in place.
pub fn init(log: &Log) -> Logging {
    let (filter, handle) = reload::Layer::new(filter(log));
    let text = fmt::layer()
        .compact()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let json = fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(io::stderr);
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with((log.format == Format::Text).then_some(text))
        .with((log.format == Format::Json).then_some(json))
        .try_init();
    Logging { filter: handle }
}

impl Logging {
    /// Takes the level of `log` from now on.
    pub fn reload(&self, log: &Log) {
        // It fails only when the log is gone, and then there is nowhere to say so.
        let _ = self.filter.reload(filter(log));
    }
}

fn filter(log: &Log) -> EnvFilter {
    EnvFilter::try_new(&log.level).expect("the configuration lets only readable levels pass")
}
