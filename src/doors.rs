//! The ways in. One file a door; doors never import each other. Here is what the public listener's
//! doors share: the connection they are asked on, and which path leads to which.
//!
//! | path | door |
//! |---|---|
//! | `/`, `/ws` with an upgrade | [`browser`] |
//! | `/`, `/assets/…` | [`page`] |
//! | `/qrcode` | [`qrcode`] |
//! | `/wechat` | [`wechat`] |
//! | `/confirm/{token}` | [`confirm`] |
//! | `/{token}.send`, `/send` | [`send`] |
//! | `/m/{id}` | [`message`] |

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::gateway::Gateway;
use crate::http::{self, Request, Response, Scheme, Upgraded};
use crate::listen::Accepted;
use crate::listen::proxy::{self, HeaderError};
use crate::stream::Stream;

pub mod browser;
pub mod confirm;
pub mod message;
pub mod ops;
pub mod page;
pub mod push;
pub mod qrcode;
pub mod send;
pub mod wechat;

use browser::Admission;
use page::Page;

/// The public listener's half of a node.
pub struct Public {
    /// What all doors are handed.
    pub gateway: Arc<Gateway>,
    /// Shakes hands where the listener speaks TLS.
    pub tls: Option<TlsAcceptor>,
    /// The page and its assets.
    pub page: Page,
}

/// One connection of the public listener, while it speaks HTTP.
struct Visit {
    peer: SocketAddr,
    is_tls: bool,
    /// Put there when a websocket was admitted.
    admission: Mutex<Option<Admission>>,
}

impl Visit {
    fn scheme(&self, gateway: &Gateway, request: &Request) -> Scheme {
        let forwarded = http::header(request, "x-forwarded-proto").eq_ignore_ascii_case("https");
        if self.is_tls || (forwarded && gateway.trusts(self.peer.ip())) {
            Scheme::Https
        } else {
            Scheme::Http
        }
    }
}

impl Public {
    /// Serves one connection to its end.
    pub async fn serve(self: Arc<Self>, accepted: Accepted) {
        let Accepted { tcp, peer, place } = accepted;
        let patience = self.gateway.config().limit.header;
        let Some(peer) = self.see_through(&tcp, peer, patience).await else {
            return;
        };
        let stream = match &self.tls {
            None => Stream::Plain(tcp),
            Some(tls) => {
                let shake = Box::pin(timeout(patience, tls.accept(tcp)));
                match shake.await {
                    Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
                    _ => {
                        self.gateway.metrics.tls_handshakes_failed_total.inc();
                        return;
                    }
                }
            }
        };
        // Boxed, so that what HTTP needed is gone while the websocket lives.
        let upgraded = Box::pin(Arc::clone(&self).speak_http(stream, peer)).await;
        if let Some((upgraded, admission)) = upgraded {
            let gateway = Arc::clone(&self.gateway);
            // A task of its own, as small as can be: most connections are websockets that wait.
            let conversation = browser::converse(gateway, upgraded, admission, place);
            self.gateway.shutdown.tasks.spawn(conversation);
        }
    }

    /// Who stands behind a connection: the source that a trusted proxy names in a PROXY header, or
    /// else the peer itself. None where such a proxy began a header and did not end it well.
    async fn see_through(
        &self,
        tcp: &TcpStream,
        peer: SocketAddr,
        patience: Duration,
    ) -> Option<SocketAddr> {
        if !self.gateway.trusts(peer.ip()) {
            return Some(peer);
        }
        match proxy::take_header(tcp, patience).await {
            Ok(source) => Some(source.unwrap_or(peer)),
            Err(HeaderError::Broken(_)) => None,
            Err(error) => {
                self.gateway.metrics.proxy_headers_refused_total.inc();
                tracing::debug!(%peer, %error, "a proxy's connection cannot be served");
                None
            }
        }
    }

    async fn speak_http(
        self: Arc<Self>,
        stream: Stream,
        peer: SocketAddr,
    ) -> Option<(Upgraded, Admission)> {
        let visit = Visit {
            peer,
            is_tls: stream.is_tls(),
            admission: Mutex::new(None),
        };
        let patience = self.gateway.config().limit.header;
        let closing = self.gateway.shutdown.closing.clone();
        let served = http::serve(stream, patience, closing, |request| {
            self.answer(&visit, request)
        })
        .await;
        match served {
            Ok(upgraded) => upgraded.zip(visit.admission.into_inner()),
            Err(error) => {
                tracing::debug!(%error, "an HTTP connection ended badly");
                None
            }
        }
    }

    async fn answer(&self, visit: &Visit, request: Request) -> Response {
        let gateway = &self.gateway;
        let path = request.uri().path();
        let wants_websocket = browser::is_asked_for(&request);
        match path {
            "/" | "/ws" if wants_websocket => {
                let client = gateway.client(visit.peer.ip(), &request);
                match browser::admit(gateway, client, request) {
                    Ok((response, admission)) => {
                        *visit.admission.lock() = Some(admission);
                        response
                    }
                    Err(refusal) => refusal,
                }
            }
            "/ws" => http::error(
                StatusCode::UPGRADE_REQUIRED,
                "websocket_only",
                "This path speaks websocket.",
            ),
            "/qrcode" => {
                let client = gateway.client(visit.peer.ip(), &request);
                qrcode::answer(gateway, client, &request).await
            }
            "/wechat" => wechat::answer(gateway, visit.scheme(gateway, &request), request).await,
            path if send::is_asked_for(path) => {
                let client = gateway.client(visit.peer.ip(), &request);
                send::answer(gateway, client, visit.scheme(gateway, &request), request).await
            }
            path if path.starts_with("/confirm/") => confirm::answer(gateway, request).await,
            path => match message::asked_for(path) {
                Some(id) => message::answer(gateway, id, &request).await,
                None => self.page.answer(gateway, &request),
            },
        }
    }
}
