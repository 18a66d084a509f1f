//! A connection, plain or TLS, with what was read ahead.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::soon;

/// Bytes both ways.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// One connection, seen from the client.
pub struct Wire {
    io: Box<dyn Duplex>,
    unread: Vec<u8>,
    /// What the Host header of a request over it says.
    pub host: String,
}

impl Wire {
    /// Connects in the clear.
    pub async fn connect(address: SocketAddr) -> Wire {
        let stream = soon("a connection", TcpStream::connect(address)).await;
        Wire::over(stream.unwrap(), address)
    }

    /// Connects from a given address of this machine, `127.0.0.x`.
    pub async fn connect_from(source: [u8; 4], address: SocketAddr) -> Wire {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        let stream = soon("a connection", socket.connect(address)).await;
        Wire::over(stream.unwrap(), address)
    }

    /// Connects with a receive buffer so small that a reader who pauses is soon noticed.
    pub async fn connect_narrow(address: SocketAddr) -> Wire {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = soon("a connection", socket.connect(address)).await;
        Wire::over(stream.unwrap(), address)
    }

    /// Connects with TLS to the name `localhost`; fails where the certificate is not trusted.
    pub async fn connect_tls(
        address: SocketAddr,
        trust: Arc<ClientConfig>,
    ) -> Result<Wire, io::Error> {
        let stream = soon("a connection", TcpStream::connect(address)).await?;
        Wire::over(stream, address).starts_tls(trust).await
    }

    /// Goes on with TLS to the name `localhost`; fails where the certificate is not trusted.
    pub async fn starts_tls(self, trust: Arc<ClientConfig>) -> Result<Wire, io::Error> {
        assert!(self.unread.is_empty(), "{:?}", self.unread);
        let name = ServerName::try_from("localhost").unwrap();
        let handshake = TlsConnector::from(trust).connect(name, self.io);
        let io = Box::new(soon("a handshake", handshake).await?);
        Ok(Wire { io, ..self })
    }

    fn over(io: impl Duplex + 'static, address: SocketAddr) -> Wire {
        Wire {
            io: Box::new(io),
            unread: Vec::new(),
            host: address.to_string(),
        }
    }

    /// Sends bytes, and waits until the system has them.
    pub async fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        self.tries_to_send(bytes).await.unwrap();
    }

    /// Sends bytes to somebody who may have gone.
    pub async fn tries_to_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let sent = async {
            self.io.write_all(bytes.as_ref()).await?;
            self.io.flush().await
        };
        soon("room for the bytes sent", sent).await
    }

    /// Says that nothing more will be sent; what comes is still read.
    pub async fn sends_no_more(&mut self) {
        self.io.shutdown().await.unwrap();
    }

    /// Exactly `count` bytes; None where the connection ends before the first of them.
    pub async fn takes(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.unread.len() < count {
            if !self.fills().await {
                assert!(self.unread.is_empty(), "cut off: {:?}", self.unread);
                return None;
            }
        }
        Some(self.unread.drain(..count).collect())
    }

    /// Bytes up to and with `end`; None where the connection ends before the first of them.
    pub async fn takes_until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let mut windows = self.unread.windows(end.len());
            if let Some(at) = windows.position(|window| window == end) {
                return Some(self.unread.drain(..at + end.len()).collect());
            }
            if !self.fills().await {
                assert!(self.unread.is_empty(), "cut off: {:?}", self.unread);
                return None;
            }
        }
    }

    /// All bytes to the end of the connection.
    pub async fn takes_all(&mut self) -> Vec<u8> {
        while self.fills().await {}
        std::mem::take(&mut self.unread)
    }

    /// Waits until the other side closes; it must send nothing more.
    pub async fn is_closed(&mut self) {
        let rest = self.takes_all().await;
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }

    /// Reads what is there; false at the end of the connection.
    async fn fills(&mut self) -> bool {
        let read = self.io.read_buf(&mut self.unread);
        match soon("bytes or the end", read).await {
            Ok(count) => count > 0,
            // Somebody who closes with our bytes unread resets the connection; without TLS's own
            // goodbye its end is an error.
            Err(error) => match error.kind() {
                ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => {
                    false
                }
                _ => panic!("{error}"),
            },
        }
    }
}
