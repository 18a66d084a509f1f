//! How a node stops: first it is no longer ready, then its doors close, then its tasks end.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The state of a node's going, shared by all that has to know.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    draining: Arc<AtomicBool>,
    /// Cancelled when the listeners close and connections are to finish what they have.
    pub closing: CancellationToken,
    /// Cancelled when everybody has been told to go: what only watches or serves ends here.
    pub over: CancellationToken,
    /// Every task that must end before the node has.
    pub tasks: TaskTracker,
}

impl Shutdown {
    /// From now on the node is not ready.
    pub fn begin(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Spawns what would run for ever.
    pub fn spawn_until_over(&self, forever: impl Future<Output = ()> + Send + 'static) {
        let over = self.over.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = over.cancelled() => {}
                () = forever => {}
            }
        });
    }

    /// Whether the node should get no new work.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
