//! Where this process has its configuration from: the file, the environment and its flags.

use std::path::PathBuf;
use std::{env, fs};

use clap::ArgMatches;

use crate::config::{Config, Fault, Faults, File, Inputs, Reading, Secret};

/// What the command line says about the configuration; it can be read again and again.
#[derive(Debug)]
pub(super) struct Source {
    file: Option<PathBuf>,
    flags: Vec<(String, String)>,
}

impl Source {
    /// The file and the flags that were given. A variable names the file where no flag does.
    pub(super) fn from(matches: &ArgMatches) -> Self {
        let file = matches.get_one::<PathBuf>("config").cloned();
        let variable = || env::var_os("SCANGATE_CONFIG").filter(|name| !name.is_empty());
        let flags = Config::settings().filter_map(|setting| {
            let text = matches.get_one::<String>(setting.path)?;
            Some((setting.flag(), text.clone()))
        });
        Self {
            file: file.or_else(|| variable().map(PathBuf::from)),
            flags: flags.collect(),
        }
    }

    /// Reads the configuration as it is now.
    pub(super) fn read(&self) -> Result<Reading, Faults> {
        let name = self.file.as_ref().map(|file| file.display().to_string());
        let text = self.file.as_ref().map(fs::read_to_string).transpose();
        let (text, unreadable) = match text {
            Ok(text) => (text, None),
            Err(error) => (None, Some(error)),
        };
        let file = name.as_deref().zip(text.as_deref());
        let reading = Config::read(&Inputs {
            file: file.map(|(name, text)| File { name, text }),
            variables: variables(),
            flags: self.flags.clone(),
            secret_file: &|path| fs::read_to_string(path),
        });
        let Some(error) = unreadable else {
            return reading;
        };
        let fault = Fault {
            place: name.unwrap_or_default(),
            message: format!("could not be read: {error}"),
        };
        // Without the file what is missing means nothing; what is wrong elsewhere still does.
        let mut faults = match reading {
            Ok(reading) => Faults {
                faults: Vec::new(),
                warnings: reading.warnings,
            },
            Err(faults) => faults,
        };
        faults.faults.insert(0, fault);
        Err(faults)
    }
}

/// The variables that may concern us. One that is not UTF-8 becomes a wrong value, and is told.
fn variables() -> Vec<(String, String)> {
    env::vars_os()
        .map(|(name, text)| (name.to_string_lossy().into_owned(), text))
        .filter(|(name, _)| name.starts_with("SCANGATE_"))
        .map(|(name, text)| (name, text.to_string_lossy().into_owned()))
        .collect()
}

/// The secret of the push port, as the environment gives it to the gateway too.
pub(super) fn push_secret() -> Result<Option<Secret>, Faults> {
    Ok(only("SCANGATE_PUSH_SECRET")?.push.secret)
}

/// The key of the server API, likewise.
pub(super) fn ops_api_key() -> Result<Option<Secret>, Faults> {
    Ok(only("SCANGATE_OPS_API_KEY")?.ops.api_key)
}

/// The configuration that one variable makes, or the one that names its file.
fn only(variable: &str) -> Result<Config, Faults> {
    let mut variables = variables();
    variables.retain(|(name, _)| name.strip_suffix("_FILE").unwrap_or(name) == variable);
    let reading = Config::read(&Inputs {
        variables,
        secret_file: &|path| fs::read_to_string(path),
        ..Inputs::none()
    });
    reading.map(|reading| reading.config)
}
