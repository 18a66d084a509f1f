//! `scangate serve`: configuration, log, runtime, node, signals, in this order.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::signals::Signals;
use super::source::Source;
use super::{Exit, refuse, with_causes};
use crate::config::{Config, Fault};
use crate::logging::{self, Logging};
use crate::node::Node;

/// Runs a node until it is told to go.
pub(super) fn serve(source: Source) -> Exit {
    let reading = match source.read() {
        Ok(reading) => reading,
        Err(faults) => return refuse(&faults),
    };
    let logging = logging::init(&reading.config.log);
    log_warnings(&reading.warnings);
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            error!(cause = with_causes(&error), "could not start the runtime");
            return Exit::Internal;
        }
    };
    let exit = runtime.block_on(node(source, reading.config, logging));
    // Whatever still runs has had its time to drain.
    runtime.shutdown_timeout(Duration::from_millis(100));
    exit
}

fn log_warnings(warnings: &[Fault]) {
    for warning in warnings {
        warn!(place = warning.place, "{}", warning.message);
    }
}

async fn node(source: Source, config: Config, logging: Logging) -> Exit {
    // Before the node is bound: a signal that comes early must not kill it halfway.
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            error!(cause = with_causes(&error), "could not listen for signals");
            return Exit::Internal;
        }
    };
    let node = match Node::bind(config.clone()).await {
        Ok(node) => node,
        Err(error) => {
            error!(cause = with_causes(&error), "could not start");
            return Exit::Unavailable;
        }
    };
    let (stop, stopped) = oneshot::channel();
    let (reload, reloads) = mpsc::channel(1);
    let mut reloader = Reloader {
        source,
        config,
        logging,
        reload,
    };
    let ears = tokio::spawn(async move { signals.obey(stop, &mut reloader).await });
    let shutdown = async {
        // An error would mean that nobody listens for signals any more: time to go as well.
        let _ = stopped.await;
    };
    let ended = node.run(shutdown, reloads).await;
    ears.abort();
    match ended {
        Ok(()) => {
            info!("the node has drained");
            Exit::Done
        }
        Err(error) => {
            error!(cause = with_causes(&error), "the node failed");
            Exit::Internal
        }
    }
}

/// Reads the configuration anew and hands it to the running node.
pub(super) struct Reloader {
    source: Source,
    /// What is in effect.
    config: Config,
    logging: Logging,
    reload: mpsc::Sender<Config>,
}

impl Reloader {
    /// Takes over what has changed and can be reloaded; a configuration with faults changes nothing.
    pub(super) fn reload(&mut self) {
        let reading = match self.source.read() {
            Ok(reading) => reading,
            Err(faults) => {
                for fault in &faults.faults {
                    error!(place = fault.place, "{}", fault.message);
                }
                error!("the configuration has faults and was not reloaded");
                return;
            }
        };
        log_warnings(&reading.warnings);
        let (config, now, restart) = self.config.reloaded(reading.config);
        // Not waiting: a node that is draining takes nothing more, and signals must go on to be heard.
        if self.reload.try_send(config.clone()).is_err() {
            warn!(
                "the node did not take the configuration: it is draining or still busy with the last"
            );
            return;
        }
        self.logging.reload(&config.log);
        info!(changed = now.join(" "), "the configuration was reloaded");
        if !restart.is_empty() {
            warn!(
                settings = restart.join(" "),
                "changed, but in effect only after a restart"
            );
        }
        self.config = config;
    }
}
