//! The pages: websockets that open, bind, and note when each push arrives.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::failure::Failure;
use crate::load::Arrivals;

/// Where pages go, and whether through TLS.
#[derive(Clone)]
pub struct Door {
    /// The public listener.
    pub address: SocketAddr,
    /// What a page needs to trust the server's certificate.
    pub tls: Option<Arc<ClientConfig>>,
}

/// One websocket.
pub struct Page {
    stream: Box<dyn Stream>,
    /// Which it binds to.
    pub uid: usize,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How many pages open or bind at the same time.
const AT_ONCE: usize = 64;

const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The JSON that makes a push or a bind someone's; the rest of the object may follow.
pub fn claim(uid: usize) -> String {
    // As long as WeChat's tickets.
    format!(r#"{{"uid":{uid},"ticket":"gQ{uid:094}""#)
}

/// Opens a page for each of `uids`.
pub async fn open_all(
    door: &Door,
    uids: impl Iterator<Item = usize>,
) -> Result<Vec<Page>, Failure> {
    at_once(uids.map(|uid| Page::open(door.clone(), uid))).await
}

/// Binds each page to its uid.
pub async fn bind_all(pages: Vec<Page>) -> Result<Vec<Page>, Failure> {
    at_once(pages.into_iter().map(Page::bind)).await
}

/// Lets each page note what arrives, until the set is dropped.
pub fn listen_all(pages: Vec<Page>, arrivals: &Arc<Arrivals>) -> JoinSet<()> {
    pages
        .into_iter()
        .map(|page| page.listen(Arc::clone(arrivals)))
        .collect()
}

/// Runs every job, [`AT_ONCE`] at a time.
async fn at_once<F>(jobs: impl Iterator<Item = F>) -> Result<Vec<Page>, Failure>
where
    F: Future<Output = Result<Page, Failure>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for job in jobs {
        let place = Arc::clone(&places).acquire_owned().await;
        running.spawn(async move {
            let _place = place;
            job.await
        });
    }
    running.join_all().await.into_iter().collect()
}

impl Page {
    /// Opens a websocket: TCP, TLS where the door has it, upgrade.
    async fn open(door: Door, uid: usize) -> Result<Self, Failure> {
        let tcp = TcpStream::connect(door.address).await?;
        tcp.set_nodelay(true)?;
        let mut stream: Box<dyn Stream> = match door.tls {
            None => Box::new(tcp),
            Some(config) => {
                let name = ServerName::try_from("localhost").expect("it is a DNS name");
                Box::new(TlsConnector::from(config).connect(name, tcp).await?)
            }
        };
        stream.write_all(REQUEST).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut head).await? == 0 {
                break;
            }
        }
        if !head.starts_with(b"HTTP/1.1 101 ") {
            return Err(answered(&head));
        }
        Ok(Self { stream, uid })
    }

    /// Claims the page's uid and waits for the echo.
    async fn bind(mut self) -> Result<Self, Failure> {
        let text = claim(self.uid) + "}";
        let length = u8::try_from(text.len()).expect("a claim is under 126 bytes");
        // A mask of zeros is a mask: the payload stays as it is.
        let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await?;
        let mut echo = [0; 512];
        let mut filled = 0;
        while first_text(&echo[..filled]).is_none() {
            match self.stream.read(&mut echo[filled..]).await? {
                0 => return Err(answered(&echo[..filled])),
                length => filled += length,
            }
        }
        match first_text(&echo[..filled]) {
            Some((payload, _)) if payload == text.as_bytes() => Ok(self),
            _ => Err(answered(&echo[..filled])),
        }
    }

    /// Notes each event that arrives, until the server closes.
    async fn listen(mut self, arrivals: Arc<Arrivals>) {
        let mut buffer = [0; 2048];
        let mut filled = 0;
        while let Ok(length @ 1..) = self.stream.read(&mut buffer[filled..]).await {
            filled += length;
            let mut taken = 0;
            while let Some((payload, size)) = first_text(&buffer[taken..filled]) {
                // Anything else is a goodbye.
                if payload.starts_with(br#"{"uid":"#) {
                    arrivals.note(payload);
                }
                taken += size;
            }
            buffer.copy_within(taken..filled, 0);
            filled -= taken;
        }
    }
}

/// The payload of the text frame at the front of `bytes`, and the size of the whole frame; None
/// where no whole one is there.
fn first_text(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (start, length) = match *bytes {
        [0x81, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        [0x81, length @ 0..126, ..] => (2, usize::from(length)),
        _ => return None,
    };
    let size = start + length;
    Some((bytes.get(start..size)?, size))
}

fn answered(bytes: &[u8]) -> Failure {
    Failure::Answer(String::from_utf8_lossy(bytes).into_owned())
}
