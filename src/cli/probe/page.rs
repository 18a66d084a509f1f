//! A page without a browser: opens a websocket, binds, and hears.

use bytes::Bytes;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket, WebSocketError, handshake};
use http_body_util::Full;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::time::timeout;

use super::DEADLINE;
use super::api::Session;
use crate::outbound::Client;

/// One open websocket.
pub(super) struct Page(WebSocket<TokioIo<Upgraded>>);

#[derive(Debug, Error)]
pub(super) enum PageError {
    #[error("it is no URL")]
    Url(#[from] hyper::http::Error),
    #[error("it cannot be reached")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("the handshake was answered {0}")]
    NoWebsocket(StatusCode),
    #[error("the handshake broke off")]
    Handshake(#[from] hyper::Error),
    #[error("the websocket broke")]
    Websocket(#[from] WebSocketError),
    #[error("the gateway closed it")]
    Closed,
    #[error("not within {DEADLINE:?}")]
    Late,
    #[error("the bind was answered {0}")]
    Refused(String),
}

impl Page {
    /// Opens a websocket and binds it to the session.
    pub(super) async fn bind(
        client: &Client,
        url: &str,
        session: &Session,
    ) -> Result<Self, PageError> {
        let bound = async {
            let mut page = Self::open(client, url).await?;
            page.say(&session.code).await?;
            // A bind that was taken is echoed, byte for byte.
            let answer = page.next().await?;
            if answer != session.code {
                return Err(PageError::Refused(answer));
            }
            Ok(page)
        };
        timeout(DEADLINE, bound)
            .await
            .unwrap_or(Err(PageError::Late))
    }

    async fn open(client: &Client, url: &str) -> Result<Self, PageError> {
        let request = Request::get(format!("{url}/ws"))
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", handshake::generate_key())
            .body(Full::<Bytes>::default())?;
        let response = client.request(request).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(PageError::NoWebsocket(response.status()));
        }
        let upgraded = hyper::upgrade::on(response).await?;
        let websocket = WebSocket::after_handshake(TokioIo::new(upgraded), Role::Client);
        Ok(Self(websocket))
    }

    async fn say(&mut self, text: &str) -> Result<(), PageError> {
        let payload = Payload::Borrowed(text.as_bytes());
        Ok(self.0.write_frame(Frame::text(payload)).await?)
    }

    /// The next text. The gateway sends each in one frame; pings are answered meanwhile.
    pub(super) async fn next(&mut self) -> Result<String, PageError> {
        loop {
            let frame = self.0.read_frame().await?;
            match frame.opcode {
                OpCode::Text => return Ok(String::from_utf8_lossy(&frame.payload).into_owned()),
                OpCode::Close => return Err(PageError::Closed),
                _ => {}
            }
        }
    }
}
