//! The floor: the least that a tokio program can do and still carry pushes to pages. It accepts
//! websockets, keeps uid → socket, and writes each line that is pushed to its socket. It verifies
//! nothing, retains nothing, limits nothing, and trusts that no frame is cut.
//!
//! Its listeners, variables and log lines are the gateway's, as far as the bench uses them.

use std::collections::HashMap;
use std::env;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker, ready};

use base64::prelude::*;
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::coop::unconstrained;
use tokio_rustls::TlsAcceptor;

use crate::failure::Failure;
use crate::server::LISTENERS;

/// Every page, plain or TLS.
#[derive(Default)]
struct Floor {
    pages: Mutex<HashMap<u32, Arc<Page>>>,
    websockets: AtomicUsize,
}

/// A page's socket. Boxed only where TLS makes it big.
enum Socket {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

type Page = Mutex<Socket>;

/// Serves until it is killed.
pub fn run() -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve())
}

async fn serve() -> Result<(), Failure> {
    let tls = acceptor()?;
    let mut listeners = Vec::new();
    for name in LISTENERS {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        eprintln!(
            "{}",
            serde_json::json!({"listener": name, "address": address})
        );
        listeners.push(listener);
    }
    let floor = Arc::new(Floor::default());
    let [public, push, ops] = &listeners[..] else {
        unreachable!("one for each name");
    };
    loop {
        tokio::select! {
            page = public.accept() => {
                let (tcp, _) = page?;
                tokio::spawn(page_task(Arc::clone(&floor), tcp, tls.clone()));
            }
            backend = push.accept() => {
                let (tcp, _) = backend?;
                // A budget would make writes to TLS wait in the midst of a batch.
                tokio::spawn(unconstrained(backend_task(Arc::clone(&floor), tcp)));
            }
            reader = ops.accept() => metrics(&floor, reader?.0).await?,
        }
    }
}

/// Where the variables name a certificate.
fn acceptor() -> Result<Option<TlsAcceptor>, Failure> {
    let file = |name| env::var_os(name);
    let (Some(certificate), Some(key)) = (
        file("SCANGATE_PUBLIC_TLS_CERT"),
        file("SCANGATE_PUBLIC_TLS_KEY"),
    ) else {
        return Ok(None);
    };
    let certificate = CertificateDer::from_pem_file(certificate).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// Holds one websocket: the upgrade, the bind, and silence. It owns no buffer meanwhile.
async fn page_task(floor: Arc<Floor>, tcp: TcpStream, tls: Option<TlsAcceptor>) -> io::Result<()> {
    let socket = match tls {
        None => Socket::Plain(tcp),
        Some(tls) => Socket::Tls(Box::new(Box::pin(tls.accept(tcp)).await?)),
    };
    let page = Arc::new(Mutex::new(socket));
    floor.websockets.fetch_add(1, Ordering::Relaxed);
    let mut held = None;
    std::future::poll_fn(|context| {
        let mut scratch = [0; 2048];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = page.lock().poll_read(context, &mut buffer);
            match ready!(read) {
                Ok(()) if !buffer.filled().is_empty() => {
                    floor.hear(&page, &mut held, buffer.filled_mut());
                }
                _ => return Poll::Ready(()),
            }
        }
    })
    .await;
    if let Some(uid) = held {
        floor.pages.lock().remove(&uid);
    }
    floor.websockets.fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

/// Pushes line by line, answered by the read.
async fn backend_task(floor: Arc<Floor>, mut tcp: TcpStream) -> io::Result<()> {
    let mut lines = Vec::with_capacity(64 * 1024);
    let mut frame = Vec::new();
    let mut replies = Vec::new();
    while tcp.read_buf(&mut lines).await? > 0 {
        let mut taken = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else {
                break;
            };
            taken += line.len();
            let page = uid(text).and_then(|uid| floor.pages.lock().get(&uid).cloned());
            replies.extend_from_slice(if page.is_some() { b"ok\n" } else { b"fail\n" });
            if let Some(page) = page {
                text_frame(text, &mut frame);
                page.lock().write(&frame);
            }
        }
        lines.drain(..taken);
        tcp.write_all(&replies).await?;
        replies.clear();
    }
    Ok(())
}

impl Floor {
    /// Answers the upgrade, or takes a bind and echoes it.
    fn hear(&self, page: &Arc<Page>, held: &mut Option<u32>, bytes: &mut [u8]) {
        if bytes.starts_with(b"GET ") {
            return page.lock().write(upgrade(bytes).as_bytes());
        }
        // A bind is shorter than 126 bytes: its mask is at 2, its text at 6.
        let Some((head, text)) = bytes.split_at_mut_checked(6) else {
            return;
        };
        for (byte, mask) in text.iter_mut().zip(head[2..].iter().cycle()) {
            *byte ^= mask;
        }
        if let Some(uid) = uid(text) {
            *held = Some(uid);
            self.pages.lock().insert(uid, Arc::clone(page));
            let mut echo = Vec::new();
            text_frame(text, &mut echo);
            page.lock().write(&echo);
        }
    }
}

/// The reply to a request that opens a websocket (RFC 6455, section 4.2.2).
fn upgrade(request: &[u8]) -> String {
    let request = String::from_utf8_lossy(request);
    let key = request
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
        .unwrap_or_default();
    let digest = Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    let accept = BASE64_STANDARD.encode(digest);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// The digits behind `{"uid":`.
fn uid(text: &[u8]) -> Option<u32> {
    let text = text.strip_prefix(br#"{"uid":"#)?;
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

/// Makes `frame` a text frame of at most 65,535 bytes.
fn text_frame(text: &[u8], frame: &mut Vec<u8>) {
    frame.clear();
    match text.len() {
        length @ 0..126 => frame.extend_from_slice(&[0x81, length as u8]),
        length => {
            frame.extend_from_slice(&[0x81, 126]);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(text);
}

/// The one metric that the bench reads.
async fn metrics(floor: &Floor, mut reader: TcpStream) -> io::Result<()> {
    let websockets = floor.websockets.load(Ordering::Relaxed);
    // Unread input would turn the close into a reset.
    reader.read_buf(&mut Vec::with_capacity(1024)).await?;
    let reply = format!("HTTP/1.1 200 OK\r\n\r\nscangate_connections {websockets}\n");
    reader.write_all(reply.as_bytes()).await
}

impl Socket {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Socket::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Socket::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        }
    }

    /// Writes at once; a socket that does not take it all loses it, which the bench would notice.
    fn write(&mut self, bytes: &[u8]) {
        let mut context = Context::from_waker(Waker::noop());
        match self {
            Socket::Plain(tcp) => drop(tcp.try_write(bytes)),
            Socket::Tls(tls) => {
                let _ = Pin::new(&mut *tls).poll_write(&mut context, bytes);
                let _ = Pin::new(tls).poll_flush(&mut context);
            }
        }
    }
}
