//! What goes out: straight to the socket, or through a bounded queue where it does not take all.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};

use crate::ending::Ending;
use crate::stream::Stream;

use super::{Rules, Sent, Then};

/// A stream with the frames that wait for it.
#[derive(Debug)]
pub(super) struct Outbox {
    pub stream: Stream,
    rules: Arc<Rules>,
    /// Oldest first; the front one may be partly written already.
    queue: VecDeque<Entry>,
    /// Cost of what is queued, in bytes.
    queued: usize,
    /// Whether the front frame has begun to go out: it must be finished before anything else.
    begun: bool,
    /// Whether TLS holds encrypted bytes that the socket did not take.
    unflushed: bool,
}

/// A frame that waits, and what is to happen when it has gone.
struct Entry {
    frame: Bytes,
    then: Option<Then>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.frame.len())
    }
}

/// What an entry of the queue costs besides its bytes, so that tiny frames have a bound too.
const ENTRY_COST: usize = 64;

impl Outbox {
    pub fn new(stream: Stream, rules: Arc<Rules>) -> Self {
        Self {
            stream,
            rules,
            queue: VecDeque::new(),
            queued: 0,
            begun: false,
            unflushed: false,
        }
    }

    /// Writes or queues a frame; the error is the ending that follows. `later` is asked for what is
    /// to happen when a queued frame has gone.
    pub fn send(
        &mut self,
        frame: Bytes,
        later: impl FnOnce() -> Option<Then>,
    ) -> Result<Sent, Ending> {
        if self.queue.is_empty() && !self.unflushed {
            return match self.send_now(frame, later) {
                Ok(()) => Ok(Sent::Written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Sent::Queued),
                Err(_) => Err(Ending::Lost),
            };
        }
        if self.queued + frame.len() + ENTRY_COST > self.rules.queue_bytes {
            self.rules.traffic.overflows.inc();
            return Err(Ending::TooSlow);
        }
        self.push(frame, later());
        Ok(Sent::Queued)
    }

    /// The usual case, in which the frame never sees the queue.
    fn send_now(
        &mut self,
        mut frame: Bytes,
        later: impl FnOnce() -> Option<Then>,
    ) -> io::Result<()> {
        match self.stream.try_write(&frame) {
            Ok(written) => {
                self.rules.traffic.wrote(&frame, written, 0 < written);
                self.unflushed = true;
                self.begun = 0 < written && written < frame.len();
                frame.advance(written);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if !frame.is_empty() {
            self.push(frame, later());
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let drained = self.drain();
        if drained.is_err()
            && let Some(then) = later()
        {
            // TLS has it all.
            then();
        }
        drained
    }

    /// Makes `goodbye` the last frame; where the peer is not to get the rest, the rest is dropped,
    /// but for a frame that has begun.
    pub fn finish_with(&mut self, goodbye: Bytes, flush_first: bool) {
        if !flush_first {
            let dropped = self.queue.drain(usize::from(self.begun)..);
            let less: usize = dropped.map(|entry| entry.frame.len() + ENTRY_COST).sum();
            self.queued -= less;
            self.rules.traffic.waiting_bytes.sub(less as i64);
        }
        self.push(goodbye, None);
    }

    /// Ready when the queue is empty and the socket has it all.
    pub fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.drain() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.stream.poll_writable(context))?;
                }
                done => return Poll::Ready(done),
            }
        }
    }

    fn push(&mut self, frame: Bytes, then: Option<Then>) {
        let cost = frame.len() + ENTRY_COST;
        self.queued += cost;
        self.rules.traffic.waiting_bytes.add(cost as i64);
        self.queue.push_back(Entry { frame, then });
    }

    /// Writes until all is written or the socket takes no more (`WouldBlock`).
    fn drain(&mut self) -> io::Result<()> {
        let traffic = &self.rules.traffic;
        while let Some(front) = self.queue.front_mut() {
            let written = self.stream.try_write(&front.frame)?;
            if written == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            traffic.wrote(&front.frame, written, !self.begun);
            self.unflushed = true;
            self.begun = written < front.frame.len();
            front.frame.advance(written);
            let mut less = written;
            if front.frame.is_empty() {
                less += ENTRY_COST;
                let gone = self.queue.pop_front();
                if let Some(then) = gone.and_then(|gone| gone.then) {
                    then();
                }
            }
            self.queued -= less;
            traffic.waiting_bytes.sub(less as i64);
        }
        if self.queue.capacity() > 0 {
            // What a burst needed is not kept by an idle connection.
            self.queue = VecDeque::new();
        }
        if self.unflushed {
            self.stream.try_flush()?;
            self.unflushed = false;
        }
        Ok(())
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let waiting = &self.rules.traffic.waiting_bytes;
        waiting.sub(self.queued as i64);
    }
}
