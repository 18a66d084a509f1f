//! A websocket client without manners: sends any bytes, shows each frame as it came.

use super::{Request, Response, Wire};

/// A text frame, whole.
pub const TEXT: u8 = 0x81;
/// A binary frame, whole.
pub const BINARY: u8 = 0x82;
/// A close frame.
pub const CLOSE: u8 = 0x88;
/// A ping.
pub const PING: u8 = 0x89;
/// A pong.
pub const PONG: u8 = 0x8A;

/// The nonce of the handshake and its answer, RFC 6455 section 1.3.
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// An open websocket.
pub struct Websocket {
    /// The bytes below.
    pub wire: Wire,
}

/// A frame that the gateway sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// FIN, RSV and opcode.
    pub head: u8,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The payload as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).unwrap()
    }

    /// The code of a close frame.
    pub fn close_code(&self) -> Option<u16> {
        assert_eq!(self.head, CLOSE);
        let code = self.payload.first_chunk()?;
        Some(u16::from_be_bytes(*code))
    }
}

impl Websocket {
    /// The request that opens a websocket on `path`.
    pub fn request(path: &str) -> Request {
        Request::get(path)
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", NONCE)
    }

    /// Opens one on `path`.
    pub async fn open(wire: Wire, path: &str) -> Websocket {
        let opened = Websocket::knock(wire, &Websocket::request(path)).await;
        opened.unwrap_or_else(|refusal| panic!("refused: {refusal:?}"))
    }

    /// Tries to open one with this request.
    pub async fn knock(mut wire: Wire, request: &Request) -> Result<Websocket, Response> {
        wire.sends(request.bytes(&wire.host)).await;
        Websocket::answered(wire).await
    }

    /// Waits for the answer to a handshake.
    pub async fn answered(mut wire: Wire) -> Result<Websocket, Response> {
        let response = Response::read(&mut wire, "GET").await;
        let response = response.expect("an answer to the handshake");
        if response.status != 101 {
            return Err(response);
        }
        assert_eq!(response.header("sec-websocket-accept"), Some(ACCEPT));
        assert_eq!(response.header("sec-websocket-extensions"), None);
        Ok(Websocket { wire })
    }

    /// Sends a text message.
    pub async fn says(&mut self, text: &str) {
        self.wire.sends(masked(TEXT, text.as_bytes())).await;
    }

    /// The next frame; None at the end of the connection.
    pub async fn frame(&mut self) -> Option<Frame> {
        let start = self.wire.takes(2).await?;
        let (head, length) = (start[0], start[1]);
        assert_eq!(head & 0x70, 0, "reserved bits in {head:#x}");
        assert_eq!(length & 0x80, 0, "a server does not mask");
        let length = match length {
            126 => {
                let length = self.wire.takes(2).await.unwrap();
                usize::from(u16::from_be_bytes(length.try_into().unwrap()))
            }
            127 => {
                let length = self.wire.takes(8).await.unwrap();
                usize::try_from(u64::from_be_bytes(length.try_into().unwrap())).unwrap()
            }
            short => usize::from(short),
        };
        let payload = match length {
            0 => Vec::new(),
            length => self.wire.takes(length).await.unwrap(),
        };
        Some(Frame { head, payload })
    }

    /// Reads to the close frame, which must be the last of the connection; returns it.
    pub async fn last_words(&mut self) -> Frame {
        loop {
            let frame = self.frame().await.expect("a close frame before the end");
            if frame.head == CLOSE {
                self.wire.is_closed().await;
                return frame;
            }
        }
    }

    /// Waits for the end with `code`; returns the reason.
    pub async fn is_closed_with(&mut self, code: u16) -> String {
        let frame = self.last_words().await;
        assert_eq!(frame.close_code(), Some(code), "{frame:?}");
        std::str::from_utf8(&frame.payload[2..]).unwrap().to_owned()
    }
}

/// A frame as a client sends it: masked, its length in the shortest form.
pub fn masked(head: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = vec![head];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..=0xFFFF => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(MASK);
    let mask = MASK.iter().cycle();
    bytes.extend(payload.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    bytes
}
