//! How a node goes: not ready, then closed, then left by everybody.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::broker;
use crate::gateway::Gateway;
use crate::timeline;

/// What a page that is sent away waits at most before it comes back.
const RETRY_MS: u32 = 2000;

/// What is left to tasks that have been told to go.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What a node takes at most after the last goodbye: its tasks end, moments are kept, and what it holds is given
/// back at the broker.
pub(crate) const REST: Duration = Duration::from_secs(
    LAST_WAIT.as_secs() + timeline::LAST_WAIT.as_secs() + broker::redis::LAST_WORDS.as_secs(),
);

/// Not ready at once; then the doors close; then everybody is told to go, and gone.
pub(super) async fn drain(gateway: &Arc<Gateway>) {
    let shutdown = &gateway.shutdown;
    let (delay, over) = {
        let config = gateway.config();
        (config.drain.delay, config.drain.over)
    };
    shutdown.begin();
    tracing::info!(delay_seconds = delay.as_secs_f64(), "draining");
    tokio::time::sleep(delay).await;
    shutdown.closing.cancel();
    let connections = gateway.metrics.connections.get();
    tracing::info!(
        connections,
        seconds = over.as_secs_f64(),
        "saying goodbye to the pages"
    );
    gateway.hub.part(over, RETRY_MS).await;
    shutdown.over.cancel();
    shutdown.tasks.close();
    if timeout(LAST_WAIT, shutdown.tasks.wait()).await.is_err() {
        let left = shutdown.tasks.len();
        tracing::warn!(left, "some tasks did not end in time");
    }
    let broker = gateway.hub.broker();
    gateway.hub.timeline().keep_the_rest(broker).await;
    broker.leave();
    broker.has_left().await;
}
