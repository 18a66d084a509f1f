//! Takes the PROXY header off a connection, so that what follows reads as if there were no proxy.

use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::proxy_protocol::{LONGEST, Opening};

/// Why a trusted proxy's connection cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// It begins like a header, and is none.
    #[error("the PROXY header is malformed")]
    Malformed,
    /// The connection ended in the middle of the header.
    #[error("the PROXY header was cut off")]
    Cut,
    /// The header did not come in time.
    #[error("the PROXY header came too late")]
    Late,
    /// The connection broke.
    #[error("the connection broke before its PROXY header was read")]
    Broken(#[from] io::Error),
}

/// Consumes the header that a connection begins with, if there is one, and not a byte more.
///
/// Gives the source that the header names; None where it names none, and where there is no header.
/// `patience` is how long the header, or what comes in its place, may take.
pub async fn take_header(
    tcp: &TcpStream,
    patience: Duration,
) -> Result<Option<SocketAddr>, HeaderError> {
    let taken = timeout(patience, take(tcp)).await;
    taken.unwrap_or(Err(HeaderError::Late))
}

async fn take(tcp: &TcpStream) -> Result<Option<SocketAddr>, HeaderError> {
    // Only the system's own socket can be looked into without taking the bytes.
    let socket = std::net::TcpStream::from(tcp.as_fd().try_clone_to_owned()?);
    loop {
        let ready = tcp.ready(Interest::READABLE).await?;
        match tcp.try_io(Interest::READABLE, || look(&socket)) {
            Ok(Opening::Header(header)) => return Ok(header.source),
            Ok(Opening::Malformed) => return Err(HeaderError::Malformed),
            Ok(Opening::Absent | Opening::Incomplete) => return Ok(None),
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
            Err(_) if ready.is_read_closed() => return Err(HeaderError::Cut),
            Err(_) => {}
        }
    }
}

/// Judges the bytes that are there, and takes them if they are a header. Where they are too few it
/// says that it would block, although they are there: so the next round waits for others.
fn look(mut socket: &std::net::TcpStream) -> io::Result<Opening> {
    let mut bytes = [0; LONGEST];
    let count = socket.peek(&mut bytes)?;
    let opening = Opening::of(&bytes[..count]);
    match opening {
        Opening::Header(header) => socket.read_exact(&mut bytes[..header.length])?,
        Opening::Incomplete if count > 0 => return Err(ErrorKind::WouldBlock.into()),
        // Nothing at all is the end of the connection: a health check, mostly.
        Opening::Incomplete | Opening::Absent | Opening::Malformed => {}
    }
    Ok(opening)
}
