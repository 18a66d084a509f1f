//! Pages: some read every event, some read nothing any more once they are bound.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::book::Book;
use crate::settings::Settings;

/// How many open at the same time.
const AT_ONCE: usize = 64;
/// The receive buffer of a sleeper, in bytes: the smaller, the sooner the gateway notices.
const SMALL: u32 = 4096;
/// First bytes of frames that a gateway sends: whole texts, and pings.
const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// A websocket, and what it has read and not taken.
struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    taken: usize,
}

/// What an event tells of its line.
#[derive(Deserialize)]
struct Event {
    n: u64,
    sent: u64,
}

/// Opens and binds a page for every account; they stay until the set is dropped.
///
/// # Errors
/// A sentence when a page cannot be opened or bound.
pub async fn open_all(settings: &Settings, book: &Arc<Book>) -> Result<JoinSet<()>, String> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut opening = JoinSet::new();
    for (index, account) in book.accounts.iter().enumerate() {
        let place = places.clone().acquire_owned().await;
        let (address, sleeps) = (settings.page, index >= settings.pages);
        let claim = account.code.claim();
        opening.spawn(async move {
            let _place = place;
            let mut socket = Socket::open(address, sleeps).await?;
            socket.bind(&format!("{claim}}}")).await?;
            Ok::<_, String>((index, sleeps, socket))
        });
    }
    let mut pages = JoinSet::new();
    for opened in opening.join_all().await {
        let (index, sleeps, socket) = opened?;
        let book = book.clone();
        pages.spawn(async move {
            if sleeps {
                // Its socket stays open, and nobody reads it.
                std::future::pending::<()>().await;
            }
            socket.listen(&book, index).await;
        });
    }
    Ok(pages)
}

impl Socket {
    async fn open(address: SocketAddr, sleeps: bool) -> Result<Socket, String> {
        let fault = |cause| format!("could not open a page at {address}: {cause}");
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        };
        let socket = socket.map_err(fault)?;
        if sleeps {
            socket.set_recv_buffer_size(SMALL).map_err(fault)?;
        }
        let mut stream = socket.connect(address).await.map_err(fault)?;
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.map_err(fault)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut head).await.map_err(fault)? == 0 {
                break;
            }
        }
        if !head.starts_with(b"HTTP/1.1 101 ") {
            let head = String::from_utf8_lossy(&head);
            return Err(format!("a page was not let in: {head}"));
        }
        Ok(Socket {
            stream,
            buffer: Vec::new(),
            taken: 0,
        })
    }

    /// Claims a uid, and waits for the echo.
    async fn bind(&mut self, text: &str) -> Result<(), String> {
        self.send(TEXT, text.as_bytes()).await;
        match self.next().await {
            Some((TEXT, payload)) if payload == text.as_bytes() => Ok(()),
            Some((_, payload)) => {
                let payload = String::from_utf8_lossy(&payload);
                Err(format!("a page was not bound: {payload}"))
            }
            None => Err("a page was cut before it was bound".to_owned()),
        }
    }

    /// Notes every event until the connection ends.
    async fn listen(mut self, book: &Book, index: usize) {
        while let Some((kind, payload)) = self.next().await {
            if kind == PING {
                self.send(PONG, &payload).await;
            } else if let Ok(event) = serde_json::from_slice::<Event>(&payload) {
                book.heard(&book.accounts[index], event.n, event.sent);
            }
        }
    }

    /// The next frame; None at the end.
    async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((kind, start, end)) = frame(&self.buffer[self.taken..]) {
                let payload = self.buffer[self.taken + start..self.taken + end].to_vec();
                self.taken += end;
                return Some((kind, payload));
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            if let Ok(0) | Err(_) = self.stream.read_buf(&mut self.buffer).await {
                return None;
            }
        }
    }

    /// Sends a short frame. Whether it arrives shows in what comes back.
    async fn send(&mut self, kind: u8, payload: &[u8]) {
        let length = u8::try_from(payload.len()).expect("it is short");
        // A mask of zeros is a mask: the payload stays as it is.
        let mut frame = vec![kind, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        let _ = self.stream.write_all(&frame).await;
    }
}

/// The first byte of the frame at the front of `bytes`, and where its payload starts and ends; None where
/// no whole one is there.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (start, length) = match *bytes {
        [_, 127, a, b, c, d, e, f, g, h, ..] => {
            let length = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            (10, usize::try_from(length).ok()?)
        }
        [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        [_, length @ 0..126, ..] => (2, usize::from(length)),
        _ => return None,
    };
    let end = start + length;
    (bytes.len() >= end).then_some((bytes[0], start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_once_they_are_whole() {
        let mut long = vec![TEXT, 126, 1, 0];
        long.resize(4 + 256, b'x');
        assert_eq!(frame(&long), Some((TEXT, 4, 260)));
        assert_eq!(frame(&long[..259]), None);
        assert_eq!(frame(&[PING, 0]), Some((PING, 2, 2)));
        assert_eq!(frame(&[PING]), None);
        assert_eq!(frame(&[]), None);
    }
}
