//! The one accept loop of all listeners: it never ends before it is told to, and never spins.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

pub mod proxy;

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    name: &'static str,
    tcp: TcpListener,
    address: SocketAddr,
}

/// An accepted connection; the place it takes is given back with `place`.
#[derive(Debug)]
pub struct Accepted {
    /// The connection, without Nagle's delay.
    pub tcp: TcpStream,
    /// The other side.
    pub peer: SocketAddr,
    /// One of the listener's places.
    pub place: OwnedSemaphorePermit,
}

/// Connections that the system holds ready for us while we are busy.
const BACKLOG: u32 = 4096;

/// How long to wait when file descriptors are used up: `accept` would fail again at once.
const PAUSE: Duration = Duration::from_millis(50);

impl Listener {
    /// Binds; `name` is the metric label and the word in the log.
    pub fn bind(name: &'static str, address: SocketAddr) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let tcp = socket.listen(BACKLOG)?;
        Ok(Self {
            name,
            address: tcp.local_addr()?,
            tcp,
        })
    }

    /// Where it is bound, with the port that the system chose for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until `closing`. More than `most` connections at a time are closed at once.
    pub async fn run(
        self,
        most: usize,
        closing: CancellationToken,
        metrics: Arc<Metrics>,
        serve: impl Fn(Accepted),
    ) {
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let pauses = metrics.accept_pauses_total.with_label_values(&[self.name]);
        let refusals = metrics
            .accept_refusals_total
            .with_label_values(&[self.name]);
        loop {
            let accepted = tokio::select! {
                () = closing.cancelled() => return,
                accepted = self.tcp.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => match Arc::clone(&places).try_acquire_owned() {
                    Ok(place) => {
                        // An event must not wait for the acknowledgement of the one before.
                        let _ = tcp.set_nodelay(true);
                        serve(Accepted { tcp, peer, place });
                    }
                    Err(_) => refusals.inc(),
                },
                Err(error) if is_exhaustion(&error) => {
                    pauses.inc();
                    tracing::warn!(listener = self.name, %error, "cannot accept, pausing");
                    tokio::time::sleep(PAUSE).await;
                }
                // The peer went away between the handshake and the accept.
                Err(_) => {}
            }
        }
    }
}

/// Out of file descriptors or memory, rather than a fault of the one connection.
fn is_exhaustion(error: &io::Error) -> bool {
    const ENOMEM: i32 = 12;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = 105;
    matches!(
        error.raw_os_error(),
        Some(ENOMEM | ENFILE | EMFILE | ENOBUFS)
    )
}
