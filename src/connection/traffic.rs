//! What goes through the websockets of a node, counted: each figure is looked up once, for all of them.

use fastwebsockets::OpCode;
use prometheus::{IntCounter, IntCounterVec, IntGauge};

use crate::metrics::Metrics;

/// The figures that all connections of a node share.
#[derive(Debug, Clone)]
pub struct Traffic {
    pub(super) received: Frames,
    pub(super) sent: Frames,
    pub(super) received_bytes: IntCounter,
    pub(super) sent_bytes: IntCounter,
    /// What all outboxes hold.
    pub(super) waiting_bytes: IntGauge,
    pub(super) overflows: IntCounter,
}

/// Frames of one direction, by their kind.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    text: IntCounter,
    binary: IntCounter,
    ping: IntCounter,
    pong: IntCounter,
    close: IntCounter,
    continuation: IntCounter,
}

impl Traffic {
    /// Those of `metrics`.
    pub fn of(metrics: &Metrics) -> Self {
        Self {
            received: Frames::of(&metrics.websocket_frames_received_total),
            sent: Frames::of(&metrics.websocket_frames_sent_total),
            received_bytes: metrics.websocket_received_bytes_total.clone(),
            sent_bytes: metrics.websocket_sent_bytes_total.clone(),
            waiting_bytes: metrics.outbox_bytes.clone(),
            overflows: metrics.outbox_overflows_total.clone(),
        }
    }

    /// Counts so many bytes of a frame of ours; where it `begins` with them, the frame too.
    pub(super) fn wrote(&self, frame: &[u8], written: usize, begins: bool) {
        self.sent_bytes.inc_by(written as u64);
        if begins && let Ok(opcode) = OpCode::try_from(frame[0] & 0x0f) {
            self.sent.count(opcode);
        }
    }
}

impl Frames {
    fn of(total: &IntCounterVec) -> Self {
        let counter = |kind| total.with_label_values(&[kind]);
        Self {
            text: counter("text"),
            binary: counter("binary"),
            ping: counter("ping"),
            pong: counter("pong"),
            close: counter("close"),
            continuation: counter("continuation"),
        }
    }

    pub fn count(&self, opcode: OpCode) {
        match opcode {
            OpCode::Text => self.text.inc(),
            OpCode::Binary => self.binary.inc(),
            OpCode::Ping => self.ping.inc(),
            OpCode::Pong => self.pong.inc(),
            OpCode::Close => self.close.inc(),
            OpCode::Continuation => self.continuation.inc(),
        }
    }
}
