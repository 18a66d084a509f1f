//! `scangate doctor`: looks at everything around a node that operators get wrong, and says how to mend
//! it. It reads the configuration as `serve` does, and changes nothing. docs/DOCTOR.md has each check.

use clap::ArgMatches;
use tokio::runtime::Builder;

use super::source::Source;
use super::{Exit, print, read, with_causes};
use crate::config::Config;

mod balancer;
mod certificate;
mod listeners;
mod machine;
mod redis;
mod report;
mod wechat;

use balancer::Balancer;
use report::Report;

/// Checks, prints, and says by the exit code whether something fails.
pub(super) fn doctor(matches: &ArgMatches) -> Exit {
    let config = match read(&Source::from(matches)) {
        Ok(reading) => reading.config,
        Err(exit) => return exit,
    };
    let balancer = match Balancer::of(matches) {
        Ok(balancer) => balancer,
        Err(fault) => {
            eprintln!("error: {fault}");
            return Exit::Usage;
        }
    };
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!(
                "error: could not start the runtime: {}",
                with_causes(&error)
            );
            return Exit::Internal;
        }
    };
    let grace = matches.get_one::<u64>("grace-period").copied();
    let report = runtime.block_on(examine(&config, &balancer, grace));
    print(&match matches.get_flag("json") {
        true => report.to_json(),
        false => report.to_text(),
    });
    match report.has_failed() {
        true => Exit::Failing,
        false => Exit::Done,
    }
}

/// Every check; those that wait for others wait at the same time.
async fn examine(config: &Config, balancer: &Balancer, grace: Option<u64>) -> Report {
    let (redis, wechat) = tokio::join!(redis::check(&config.broker), wechat::check(config));
    let here = [
        machine::check(config, grace),
        certificate::check(&config.public),
        listeners::check(config),
        balancer.check(config),
    ];
    let findings = [redis, wechat].into_iter().chain(here);
    Report(findings.flatten().collect())
}
