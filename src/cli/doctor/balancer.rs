//! Whether the balancer leaves a waiting page alone for longer than a node does.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::ArgMatches;

use super::report::{Finding, Status};
use crate::config::Config;

mod file;

/// How long balancers leave a silent connection, and who says so.
pub(super) struct Balancer {
    timeouts: Vec<Timeout>,
    /// Whether the operator has said anything; otherwise these are guesses.
    is_known: bool,
}

/// A time of silence after which a connection is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Timeout {
    /// `timeout tunnel in haproxy.cfg`
    by: String,
    after: Duration,
}

/// Why what the operator said about the balancer cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BalancerError {
    /// The file cannot be read.
    #[error("--balancer-config could not be read: {0}")]
    Unreadable(std::io::Error),
    /// It says nothing about timeouts.
    #[error("--balancer-config has no timeouts of HAProxy or nginx in it")]
    NoTimeouts,
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s ({})", self.after.as_secs_f64(), self.by)
    }
}

impl Balancer {
    /// What the operator says, or what is usual.
    pub fn of(matches: &ArgMatches) -> Result<Self, BalancerError> {
        let given = matches.get_one::<u64>("balancer-timeout").map(|&seconds| {
            let by = "--balancer-timeout".to_owned();
            let after = Duration::from_secs(seconds);
            Timeout { by, after }
        });
        let mut timeouts: Vec<Timeout> = given.into_iter().collect();
        if let Some(path) = matches.get_one::<std::path::PathBuf>("balancer-config") {
            timeouts.extend(read(path)?);
        }
        let is_known = !timeouts.is_empty();
        if !is_known {
            timeouts = usual();
        }
        Ok(Self { timeouts, is_known })
    }

    /// The shortest against ping and heartbeat.
    pub fn check(&self, config: &Config) -> Vec<Finding> {
        let shortest = self.timeouts.iter().min_by_key(|timeout| timeout.after);
        let shortest = shortest.expect("there is a usual one");
        let finding = match self.is_known {
            true => judge(
                config,
                &format!("the balancer cuts after {shortest}"),
                shortest,
            ),
            false => judge(
                config,
                &format!("none was named, the usual ones cut after {shortest} or later"),
                shortest,
            ),
        };
        vec![match finding.status {
            // Of a balancer that nobody has named only the good can be said for certain.
            Status::Fail if !self.is_known => Finding {
                status: Status::Warn,
                ..finding
            },
            _ => finding,
        }]
    }
}

/// The defaults of those that are common.
fn usual() -> Vec<Timeout> {
    let usual = [
        ("nginx's default", 60),
        ("the default of AWS's application balancer", 60),
        ("many a haproxy.cfg", 50),
    ];
    let timeouts = usual.map(|(by, seconds)| Timeout {
        by: by.to_owned(),
        after: Duration::from_secs(seconds),
    });
    timeouts.into()
}

fn read(path: &Path) -> Result<Vec<Timeout>, BalancerError> {
    let text = fs::read_to_string(path).map_err(BalancerError::Unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let found = file::timeouts(&text).into_iter();
    let timeouts: Vec<Timeout> = found
        .map(|(directive, after)| Timeout {
            by: format!("{directive} in {name}"),
            after,
        })
        .collect();
    match timeouts.is_empty() {
        true => Err(BalancerError::NoTimeouts),
        false => Ok(timeouts),
    }
}

fn judge(config: &Config, cuts: &str, timeout: &Timeout) -> Finding {
    const ID: &str = "balancer.timeout";
    /// For a ping and its answer to pass through.
    const MARGIN: Duration = Duration::from_secs(2);
    let heartbeat = config.heartbeat.after;
    let ping = config.ping.interval();
    let pings = match ping {
        Some(ping) => format!("ping after {} s", ping.as_secs_f64()),
        None => "no pings".to_owned(),
    };
    let seen = format!("{pings}, heartbeat {} s; {cuts}", heartbeat.as_secs_f64());
    if timeout.after < ping.unwrap_or(heartbeat) + MARGIN {
        let fix = "It cuts pages that are only waiting, again and again. Lengthen its timeout to 75 s, or \
                   shorten SCANGATE_PING_SECONDS.";
        return Finding::fail(ID, seen, fix);
    }
    if timeout.after < heartbeat + MARGIN {
        let fix = "Lengthen its timeout to 75 s: it should be the node that gives a lost page up, with a reason \
                   that the page understands.";
        return Finding::warn(ID, seen, fix);
    }
    Finding::ok(ID, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(ping: u64, heartbeat: u64, balancer: u64, is_known: bool) -> Status {
        let mut config = Config::default();
        config.ping.after = Duration::from_secs(ping);
        config.heartbeat.after = Duration::from_secs(heartbeat);
        let timeouts = vec![Timeout {
            by: "test".to_owned(),
            after: Duration::from_secs(balancer),
        }];
        let balancer = Balancer { timeouts, is_known };
        balancer.check(&config)[0].status
    }

    #[test]
    fn the_balancer_must_be_the_most_patient() {
        assert_eq!(status(25, 40, 75, true), Status::Ok);
        assert_eq!(status(25, 40, 41, true), Status::Warn);
        assert_eq!(status(25, 40, 30, true), Status::Warn);
        assert_eq!(status(25, 40, 26, true), Status::Fail);
        assert_eq!(status(0, 40, 41, true), Status::Fail);
        assert_eq!(status(0, 40, 75, true), Status::Ok);
        assert_eq!(status(25, 40, 20, false), Status::Warn);
    }

    #[test]
    fn our_defaults_suit_the_usual_balancers() {
        let balancer = Balancer {
            timeouts: usual(),
            is_known: false,
        };
        assert_eq!(balancer.check(&Config::default())[0].status, Status::Ok);
    }
}
