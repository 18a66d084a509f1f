//! The backends: lines pushed at a rate, or as fast as they arrive, and the book of arrivals.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::time::{Instant, interval, timeout, timeout_at};

use crate::failure::Failure;
use crate::page::claim;

/// What arrived at the pages, and how long after it had been sent.
pub struct Arrivals {
    start: Instant,
    count: AtomicU64,
    /// Microseconds.
    latencies: Mutex<Vec<u32>>,
    /// Rung at every [`BATCH`]th arrival.
    bell: Notify,
}

/// Several backends that push to some uids in turn.
pub struct Backends {
    connections: Vec<OwnedWriteHalf>,
    arrivals: Arc<Arrivals>,
    replies: Arc<Replies>,
    /// What each uid's lines begin with.
    claims: Vec<String>,
    sent: u64,
    lines: String,
}

/// What the push port answered.
#[derive(Default)]
struct Replies {
    accepted: AtomicU64,
    refused: AtomicU64,
}

const BACKENDS: usize = 4;

/// Pushes under way at once, at saturation.
pub const WINDOW: u64 = 1000;

/// Lines that are written together at saturation.
const BATCH: u64 = 32;

/// How long the last pushes of a load may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What follows the claim in each event, as long as what a scan publishes.
const EVENT_REST: &str =
    r#","token":"SCT1000Tabcdefghijklmnop","url":"https://example.com/SCT1000T.send","#;

/// Microseconds in 16 digits, at the end of each event: `…,"sent":"0000000001234567"}`.
const STAMP: usize = 16;

impl Arrivals {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            count: AtomicU64::new(0),
            latencies: Mutex::default(),
            bell: Notify::new(),
        })
    }

    /// Notes an event that has arrived.
    pub fn note(&self, event: &[u8]) {
        let stamp = &event[event.len() - STAMP - 2..event.len() - 2];
        let sent = stamp
            .iter()
            .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        let latency = u32::try_from(self.now().saturating_sub(sent)).unwrap_or(u32::MAX);
        self.latencies.lock().push(latency);
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(BATCH) {
            self.bell.notify_one();
        }
    }

    /// Events that have arrived up to now.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes the latencies noted since the last call, in microseconds.
    pub fn take_latencies(&self) -> Vec<u32> {
        std::mem::take(&mut self.latencies.lock())
    }

    /// Microseconds since the start.
    fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }
}

impl Backends {
    /// Connects the backends; the pages of their uids note what comes in `arrivals`.
    pub async fn connect(
        address: SocketAddr,
        arrivals: &Arc<Arrivals>,
        uids: Range<usize>,
    ) -> Result<Self, Failure> {
        let replies = Arc::new(Replies::default());
        let mut connections = Vec::new();
        for _ in 0..BACKENDS {
            let tcp = TcpStream::connect(address).await?;
            tcp.set_nodelay(true)?;
            let (reading, writing) = tcp.into_split();
            tokio::spawn(hear(reading, Arc::clone(&replies)));
            connections.push(writing);
        }
        Ok(Self {
            connections,
            arrivals: Arc::clone(arrivals),
            replies,
            claims: uids.map(claim).collect(),
            sent: 0,
            lines: String::new(),
        })
    }

    /// Pushes for a while, so many a second, each line in a write of its own.
    pub async fn pace(&mut self, per_second: u32, duration: Duration) -> Result<(), Failure> {
        let start = Instant::now();
        let first = self.sent;
        let mut ticks = interval(Duration::from_millis(1));
        while start.elapsed() < duration {
            ticks.tick().await;
            let due = (start.elapsed().as_secs_f64() * f64::from(per_second)) as u64;
            while self.sent - first < due {
                self.push(1).await?;
            }
        }
        Ok(())
    }

    /// Pushes for a while, as fast as they arrive: never more than [`WINDOW`] under way.
    pub async fn saturate(&mut self, duration: Duration) -> Result<(), Failure> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            if self.sent + BATCH <= self.arrivals.count() + WINDOW {
                self.push(BATCH).await?;
            } else if timeout_at(end, self.arrivals.bell.notified())
                .await
                .is_err()
            {
                break;
            }
        }
        Ok(())
    }

    /// Waits until everything that was sent has arrived and been answered; fails where it is not.
    pub async fn settle(&self) -> Result<(), Failure> {
        let all_there = async {
            let mut ticks = interval(Duration::from_millis(1));
            while self.arrivals.count() < self.sent
                || self.replies.accepted.load(Ordering::Relaxed) < self.sent
            {
                ticks.tick().await;
            }
        };
        timeout(PATIENCE, all_there)
            .await
            .map_err(|_| Failure::Lost {
                arrived: self.arrivals.count(),
                sent: self.sent,
                refused: self.replies.refused.load(Ordering::Relaxed),
            })
    }

    /// Writes some lines to the backend whose turn it is.
    async fn push(&mut self, lines: u64) -> Result<(), Failure> {
        self.lines.clear();
        let rest = event_rest(self.arrivals.now());
        let turn = (self.sent / lines) as usize % BACKENDS;
        for number in self.sent..self.sent + lines {
            self.lines += &self.claims[number as usize % self.claims.len()];
            self.lines += &rest;
        }
        self.sent += lines;
        let connection = &mut self.connections[turn];
        Ok(connection.write_all(self.lines.as_bytes()).await?)
    }
}

/// What follows the claim in a line that is sent at `micros`.
pub fn event_rest(micros: u64) -> String {
    format!("{EVENT_REST}\"sent\":\"{micros:0STAMP$}\"}}\n")
}

/// Counts the replies: `ok` begins with an `o`, nothing else does.
async fn hear(mut backend: OwnedReadHalf, replies: Arc<Replies>) {
    let mut buffer = [0; 4096];
    let mut at_start = true;
    while let Ok(length @ 1..) = backend.read(&mut buffer).await {
        for byte in &buffer[..length] {
            if at_start {
                let kind = match byte {
                    b'o' => &replies.accepted,
                    _ => &replies.refused,
                };
                kind.fetch_add(1, Ordering::Relaxed);
            }
            at_start = *byte == b'\n';
        }
    }
}
