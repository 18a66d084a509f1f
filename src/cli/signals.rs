//! What signals mean: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reloads.

use std::io;
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::serve::Reloader;

/// The signals that a node obeys; from `listen` on they no longer kill it.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to listen. Fails where the system refuses a handler.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Obeys until the process ends; the first request to go is passed on to `stop`.
    pub(super) async fn obey(mut self, stop: oneshot::Sender<()>, reloader: &mut Reloader) {
        let mut stop = Some(stop);
        loop {
            let (name, number) = tokio::select! {
                _ = self.terminate.recv() => ("SIGTERM", 15),
                _ = self.interrupt.recv() => ("SIGINT", 2),
                _ = self.hangup.recv() => {
                    reloader.reload();
                    continue;
                }
            };
            let Some(stop) = stop.take() else {
                warn!("{name} again: going at once");
                // What a shell reports for a process that the signal killed.
                process::exit(128 + number);
            };
            info!("{name}: draining; once more ends it at once");
            // The node has ended by itself if it no longer listens.
            let _ = stop.send(());
        }
    }
}
