//! The half of a websocket that its own task holds: hears the peer, watches the clock, drains
//! the queue, and says goodbye.

use std::borrow::Cow;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use fastwebsockets::OpCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::pace::Pace;
use super::{Connection, Rules};
use crate::ending::Ending;
use crate::frame::{self, FrameReader, Message};

/// What the peer says, or why there is nothing more to hear.
#[derive(Debug)]
pub enum Heard {
    /// One text message.
    Text(String),
    /// One binary message.
    Binary(Vec<u8>),
    /// Somebody called [`Connection::nudge`].
    Nudged,
    /// The connection is over; [`Socket::goodbye`] is next.
    Over(Ending),
}

/// The reading half, owned by the connection's task. Pings are answered and the heartbeat is
/// watched inside [`Socket::hear`].
#[derive(Debug)]
pub struct Socket {
    connection: Arc<Connection>,
    rules: Arc<Rules>,
    reader: FrameReader,
    /// Read already, behind the message that was heard last; mostly empty.
    rest: BytesMut,
    pace: Pace,
    last_heard: Instant,
    /// Whether the present silence has been answered with a ping.
    pinged: bool,
    alarm: Pin<Box<Sleep>>,
}

/// How long the peer may take over the closing handshake.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// How much one read takes at most, in bytes.
const SCRATCH_BYTES: usize = 16 * 1024;

thread_local! {
    /// Where every connection of a thread reads; nothing stays in it.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into());
}

impl Socket {
    pub(super) fn new(connection: Arc<Connection>, early: &[u8], rules: Arc<Rules>) -> Self {
        let now = Instant::now();
        rules.traffic.received_bytes.inc_by(early.len() as u64);
        Self {
            connection,
            reader: FrameReader::new(rules.message_bytes),
            rest: early.into(),
            pace: Pace::new(now),
            last_heard: now,
            pinged: false,
            alarm: Box::pin(sleep_until(now + next_alarm(&rules, false))),
            rules,
        }
    }

    /// The handle that others write through.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Waits for the next message. Call it in one loop, never in a `select!`.
    pub async fn hear(&mut self) -> Heard {
        poll_fn(|context| self.poll_hear(context)).await
    }

    /// Waits until the peer has taken what was queued for it; false where the connection is to
    /// end instead, also because `patience` ran out.
    pub async fn drained(&mut self, patience: Duration) -> bool {
        let drained = poll_fn(|context| self.connection.poll_drained(context));
        if timeout(patience, drained).await.is_err() {
            self.connection.end(Ending::TooSlow);
        }
        !self.connection.is_over()
    }

    /// Says goodbye with the ending's close code and waits, for a short while, until the peer has
    /// heard it: unread input would otherwise destroy the close frame on its way.
    pub async fn goodbye(mut self, ending: Ending) {
        {
            let mut state = self.connection.state.lock();
            state.closed = true;
            let Some(code) = ending.close_code() else {
                return;
            };
            let goodbye = frame::close_frame(code, &ending.reason());
            state.outbox.finish_with(goodbye, ending.flushes_first());
        }
        let peer_waits = matches!(ending, Ending::Left(_));
        let farewell = poll_fn(|context| self.poll_farewell(context, peer_waits));
        // A peer that does not take its goodbye is left without.
        let _ = timeout(CLOSE_WAIT, farewell).await;
    }

    fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        if let Poll::Ready(heard) = self.connection.poll_others(context) {
            return Poll::Ready(heard);
        }
        if !self.rest.is_empty() {
            let mut rest = std::mem::take(&mut self.rest);
            if let Some(heard) = self.take_message(&mut rest) {
                return Poll::Ready(heard);
            }
        }
        SCRATCH.with_borrow_mut(|scratch| {
            while let Poll::Ready(length) = self.poll_read(context, scratch) {
                match length {
                    0 => return Poll::Ready(Heard::Over(Ending::Lost)),
                    length => {
                        if let Some(heard) = self.take_message_of(&mut scratch[..length]) {
                            return Poll::Ready(heard);
                        }
                    }
                }
            }
            self.poll_alarm(context)
        })
    }

    /// Reads what is there; 0 at the end of the stream, however it came about.
    fn poll_read(&mut self, context: &mut Context<'_>, scratch: &mut [u8]) -> Poll<usize> {
        let mut buffer = ReadBuf::new(scratch);
        let mut state = self.connection.state.lock();
        let stream = Pin::new(&mut state.outbox.stream);
        stream.poll_read(context, &mut buffer).map(|read| {
            let length = read.map_or(0, |()| buffer.filled().len());
            self.rules.traffic.received_bytes.inc_by(length as u64);
            length
        })
    }

    /// The first message in `bytes`; what follows it is kept for the next call.
    fn take_message_of(&mut self, bytes: &mut [u8]) -> Option<Heard> {
        let mut input = bytes;
        let heard = self.next_message(&mut input);
        if heard.is_some() && !input.is_empty() {
            self.rest = (&*input).into();
        }
        heard
    }

    /// The same for bytes that were kept.
    fn take_message(&mut self, rest: &mut BytesMut) -> Option<Heard> {
        let mut input = &mut rest[..];
        let heard = self.next_message(&mut input);
        let left = input.len();
        rest.advance(rest.len() - left);
        if heard.is_some() && left > 0 {
            self.rest = std::mem::take(rest);
        }
        heard
    }

    /// Deals with control frames until a message comes that is not for us.
    fn next_message(&mut self, input: &mut &mut [u8]) -> Option<Heard> {
        loop {
            let mut frames = 0;
            let received = &self.rules.traffic.received;
            let read = self.reader.next(input, |opcode| {
                frames += 1;
                received.count(opcode);
            });
            if frames > 0 && !self.note_signs_of_life(frames) {
                return Some(Heard::Over(Ending::TooFast));
            }
            let message = match read {
                Ok(None) => return None,
                Ok(Some(message)) => message,
                Err(violation) => return Some(Heard::Over(Ending::Broken(violation))),
            };
            match message {
                Message::Text(text) => return Some(Heard::Text(text.into_owned())),
                Message::Binary(bytes) => return Some(Heard::Binary(Cow::into_owned(bytes))),
                Message::Ping(payload) => {
                    self.connection.send(frame::encode(OpCode::Pong, &payload));
                }
                Message::Pong => {}
                Message::Close(code) => return Some(Heard::Over(Ending::Left(code))),
            }
        }
    }

    /// Every frame counts, fragments and control frames too; false where they come too fast.
    fn note_signs_of_life(&mut self, frames: u32) -> bool {
        let now = Instant::now();
        self.last_heard = now;
        self.pinged = false;
        match self.rules.frames_per_second {
            None => true,
            Some(limit) => self.pace.allows(frames, limit, now),
        }
    }

    /// The alarm is not moved at each frame; when it rings, it looks how long the silence was.
    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        while self.alarm.as_mut().poll(context).is_ready() {
            let silence = self.last_heard.elapsed();
            if silence >= self.rules.silence {
                return Poll::Ready(Heard::Over(Ending::Silent));
            }
            if !self.pinged && silence >= next_alarm(&self.rules, false) {
                self.pinged = true;
                self.connection.send(frame::encode(OpCode::Ping, b""));
            }
            let next = self.last_heard + next_alarm(&self.rules, self.pinged);
            self.alarm.as_mut().reset(next);
        }
        Poll::Pending
    }

    /// Flushes the goodbye, closes our direction, and discards input until the peer closes its own.
    fn poll_farewell(&mut self, context: &mut Context<'_>, peer_waits: bool) -> Poll<()> {
        {
            let mut state = self.connection.state.lock();
            match state.outbox.poll_drain(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            let stream = Pin::new(&mut state.outbox.stream);
            if stream.poll_shutdown(context).is_pending() {
                return Poll::Pending;
            }
        }
        if peer_waits {
            return Poll::Ready(());
        }
        SCRATCH.with_borrow_mut(|scratch| {
            loop {
                match self.poll_read(context, scratch) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(0) => return Poll::Ready(()),
                    Poll::Ready(_) => {}
                }
            }
        })
    }
}

/// From the last sign of life to the next look at the clock.
fn next_alarm(rules: &Rules, pinged: bool) -> Duration {
    match rules.ping_after {
        Some(ping_after) if !pinged => ping_after,
        _ => rules.silence,
    }
}
