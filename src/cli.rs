//! The command line: which words there are, and what the process answers when it ends.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::ArgMatches;
use clap::error::ErrorKind;

use crate::config::{Config, Fault, Faults, Reading};

mod command;
mod doctor;
mod explain;
mod probe;
mod push;
mod serve;
mod signals;
mod source;

use source::Source;

/// How a process ended, in the codes of `sysexits.h`; `push`, `probe` and `explain` have their own, see
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    /// Done; a node has drained.
    Done = 0,
    /// The doctor has found something that fails.
    Failing = 1,
    /// The command line is wrong.
    Usage = 64,
    /// An address, a certificate or a directory is not to be had.
    Unavailable = 69,
    /// The gateway failed.
    Internal = 70,
    /// The configuration is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Does what the words say; the first one is the name of the program.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match command::command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => {
            // If this cannot be printed there is nobody to read it.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done.into(),
                _ => Exit::Usage.into(),
            };
        }
    };
    match matches.subcommand() {
        Some(("push", matches)) => push::push(matches),
        Some(("probe", matches)) => probe::probe(matches),
        Some(("explain", matches)) => explain::explain(matches),
        Some(("check", matches)) => check(&Source::from(matches)).into(),
        Some(("config", matches)) => config(matches).into(),
        Some(("doctor", matches)) => doctor::doctor(matches).into(),
        Some((_, matches)) => serve::serve(Source::from(matches)).into(),
        None => serve::serve(Source::from(&matches)).into(),
    }
}

/// Says everything that is wrong with the configuration.
fn check(source: &Source) -> Exit {
    match read(source) {
        Ok(_) => {
            print("configuration is fine\n");
            Exit::Done
        }
        Err(exit) => exit,
    }
}

/// Prints every setting.
fn config(matches: &ArgMatches) -> Exit {
    if matches.get_flag("markdown") {
        print(&Config::to_markdown());
        return Exit::Done;
    }
    match read(&Source::from(matches)) {
        Ok(reading) => {
            print(&reading.to_toml());
            Exit::Done
        }
        Err(exit) => exit,
    }
}

/// Reads the configuration and tells people on standard error what is wrong or strange.
fn read(source: &Source) -> Result<Reading, Exit> {
    match source.read() {
        Ok(reading) => {
            warn(&reading.warnings);
            Ok(reading)
        }
        Err(faults) => Err(refuse(&faults)),
    }
}

/// Says what is wrong with a configuration.
fn refuse(faults: &Faults) -> Exit {
    for fault in &faults.faults {
        eprintln!("error: {fault}");
    }
    warn(&faults.warnings);
    Exit::Config
}

fn warn(warnings: &[Fault]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}

/// Writes to standard output; a reader that has left (`| head`) is no failure.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// An error with its causes, on one line.
fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(&format!(": {error}"));
        cause = error.source();
    }
    line
}
