//! A websocket to a node that may die at any moment: whatever happens to it is its end, and no
//! failure of the test.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Frame, Websocket, masked};

/// One connection.
pub struct Link {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Link {
    /// Opens one; a refused handshake is an error like any other, as it is to a browser's page.
    pub async fn dial(address: SocketAddr) -> io::Result<Link> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = Websocket::request("/").bytes(&address.to_string());
        stream.write_all(&request).await?;
        let mut link = Link {
            stream,
            unread: Vec::new(),
        };
        let head = link.takes(|unread| {
            let end = unread.windows(4).position(|window| window == b"\r\n\r\n")?;
            Some(end + 4)
        });
        let head = head.await?;
        match head.starts_with(b"HTTP/1.1 101 ") {
            true => Ok(link),
            false => Err(io::Error::other("the handshake was refused")),
        }
    }

    /// Sends a frame.
    pub async fn says(&mut self, head: u8, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&masked(head, payload)).await
    }

    /// The next frame. Nothing is lost when it is given up and asked for again.
    pub async fn frame(&mut self) -> io::Result<Frame> {
        let bytes = self.takes(|unread| {
            let (header, payload) = lengths(unread)?;
            Some(header + payload)
        });
        let mut bytes = bytes.await?;
        let (header, _) = lengths(&bytes).expect("it is whole");
        let payload = bytes.split_off(header);
        Ok(Frame {
            head: bytes[0],
            payload,
        })
    }

    /// As many bytes as `whole` asks for when it has seen enough of them.
    async fn takes(&mut self, whole: impl Fn(&[u8]) -> Option<usize>) -> io::Result<Vec<u8>> {
        loop {
            if let Some(length) = whole(&self.unread).filter(|&length| length <= self.unread.len())
            {
                return Ok(self.unread.drain(..length).collect());
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The lengths of a frame's header and payload, once the header is there.
fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? {
        126 => {
            let length = bytes.get(2..4)?.try_into().expect("two bytes");
            Some((4, usize::from(u16::from_be_bytes(length))))
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().expect("eight bytes");
            Some((10, usize::try_from(u64::from_be_bytes(length)).ok()?))
        }
        short => Some((2, usize::from(short))),
    }
}
