//! One websocket: the handle through which anybody writes to it, and the half that its own
//! task reads with.
//!
//! There is no channel between the two. A publisher writes straight to the socket under a
//! short lock; only what the socket does not take goes to a bounded queue, which the task
//! drains when the socket is writable again. While nothing happens neither half owns a buffer.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::ending::Ending;
use crate::stream::Stream;

mod outbox;
mod pace;
mod socket;
mod traffic;

use outbox::Outbox;
pub use socket::{Heard, Socket};
pub use traffic::Traffic;

/// What a connection may do, and where that is counted.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Bytes of one message from the peer.
    pub message_bytes: usize,
    /// Bytes that may wait for a slow peer before it is ended.
    pub queue_bytes: usize,
    /// Frames a second from the peer, in bursts of four times that; None for no limit.
    pub frames_per_second: Option<u32>,
    /// Silence after which the peer is pinged; None for never.
    pub ping_after: Option<Duration>,
    /// Silence after which the connection is ended.
    pub silence: Duration,
    /// The figures that all connections share.
    pub traffic: Traffic,
}

/// How a frame fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The socket took it.
    Written,
    /// It waits in the queue until the socket takes it.
    Queued,
    /// The connection has ended or is about to; nobody will see the frame.
    Over,
}

/// The handle to a websocket: any thread may send to it or end it, none has to wait.
#[derive(Debug)]
pub struct Connection {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    /// Why the task should stop, once somebody knows a reason. The first one counts.
    ending: Option<Ending>,
    /// Whether somebody wants the task's attention.
    nudged: bool,
    /// Set when the goodbye has begun: no frame may follow it.
    closed: bool,
    /// The connection's own task.
    task: Option<Waker>,
}

/// What is to happen when a queued frame has gone to the socket. Called under the connection's lock:
/// it neither waits nor uses the connection.
pub type Then = Box<dyn FnOnce() + Send>;

impl Connection {
    /// Makes a handle and its task's half of a stream that has been upgraded; `early` is what the
    /// peer sent right behind its request.
    pub fn open(stream: Stream, early: &[u8], rules: Arc<Rules>) -> Socket {
        let connection = Arc::new(Self {
            state: Mutex::new(State {
                outbox: Outbox::new(stream, Arc::clone(&rules)),
                ending: None,
                nudged: false,
                closed: false,
                task: None,
            }),
        });
        Socket::new(connection, early, rules)
    }

    /// Writes a frame, or queues it; a queue that overflows ends the connection as too slow.
    pub fn send(&self, frame: Bytes) -> Sent {
        self.send_with(frame, || None)
    }

    /// The same. Only where the frame is queued, `later` is asked for what is to happen when it has
    /// gone.
    pub fn send_with(&self, frame: Bytes, later: impl FnOnce() -> Option<Then>) -> Sent {
        let mut state = self.state.lock();
        if state.is_over() {
            return Sent::Over;
        }
        match state.outbox.send(frame, later) {
            Ok(Sent::Written) => Sent::Written,
            Ok(sent) => {
                state.wake();
                sent
            }
            Err(ending) => {
                state.end(ending);
                Sent::Over
            }
        }
    }

    /// Asks the connection's task to say goodbye and stop.
    pub fn end(&self, ending: Ending) {
        self.state.lock().end(ending);
    }

    /// Has the connection's task see to its binding: [`Heard::Nudged`].
    pub fn nudge(&self) {
        let mut state = self.state.lock();
        state.nudged = true;
        state.wake();
    }

    /// Whether it has ended or is about to.
    pub fn is_over(&self) -> bool {
        self.state.lock().is_over()
    }

    /// For the task: drains the queue as far as the socket goes. Ready when there is something other
    /// than the peer to attend to.
    fn poll_others(&self, context: &mut Context<'_>) -> Poll<Heard> {
        let mut state = self.state.lock();
        state.attend(context);
        if state.ending.is_none()
            && let Poll::Ready(Err(_)) = state.outbox.poll_drain(context)
        {
            state.ending = Some(Ending::Lost);
        }
        if let Some(ending) = state.ending {
            return Poll::Ready(Heard::Over(ending));
        }
        if std::mem::take(&mut state.nudged) {
            return Poll::Ready(Heard::Nudged);
        }
        Poll::Pending
    }

    /// For the task: ready when nothing waits in the queue, or the connection is to end.
    fn poll_drained(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        state.attend(context);
        if state.ending.is_some() {
            return Poll::Ready(());
        }
        state.outbox.poll_drain(context).map(|drained| {
            if drained.is_err() {
                state.ending = Some(Ending::Lost);
            }
        })
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.ending.is_some() || self.closed
    }

    fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            self.wake();
        }
    }

    fn wake(&mut self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    fn attend(&mut self, context: &Context<'_>) {
        let known = self
            .task
            .as_ref()
            .is_some_and(|task| task.will_wake(context.waker()));
        if !known {
            self.task = Some(context.waker().clone());
        }
    }
}

#[cfg(test)]
mod tests;
