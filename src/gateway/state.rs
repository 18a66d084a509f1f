//! What a node is good for now, and the figures that are looked up when somebody asks for them.

use tokio::runtime::Handle;

use super::Gateway;

/// What a node is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    /// Its doors are not open yet.
    Starting,
    /// It does everything.
    Ready,
    /// Its broker is away: pages stay, but hear nothing new.
    Degraded,
    /// It is about to go.
    Draining,
}

impl NodeState {
    const ALL: [NodeState; 4] = [
        NodeState::Starting,
        NodeState::Ready,
        NodeState::Degraded,
        NodeState::Draining,
    ];

    /// The word of `/readyz`, and the metric label.
    pub fn word(self) -> &'static str {
        match self {
            NodeState::Starting => "starting",
            NodeState::Ready => "ready",
            NodeState::Degraded => "degraded",
            NodeState::Draining => "draining",
        }
    }

    /// Whether a balancer is to send it new work. Also where it is degraded: everybody misses the
    /// broker, and an empty balancer would help nobody.
    pub fn takes_work(self) -> bool {
        matches!(self, NodeState::Ready | NodeState::Degraded)
    }
}

impl Gateway {
    /// What the node is good for now.
    pub fn state(&self) -> NodeState {
        if self.shutdown.is_draining() {
            NodeState::Draining
        } else if !self.is_open() {
            NodeState::Starting
        } else if self.hub.broker().is_reachable() {
            NodeState::Ready
        } else {
            NodeState::Degraded
        }
    }

    /// The Prometheus text exposition of this moment.
    pub fn figures(&self) -> Vec<u8> {
        let metrics = &self.metrics;
        let state = self.state();
        for each in NodeState::ALL {
            let gauge = metrics.node_state.with_label_values(&[each.word()]);
            gauge.set(i64::from(each == state));
        }
        self.hub.broker().observe(metrics);
        let runtime = Handle::current().metrics();
        metrics.runtime_tasks.set(runtime.num_alive_tasks() as i64);
        metrics.runtime_workers.set(runtime.num_workers() as i64);
        metrics.render()
    }
}
