//! The websocket door: handshake, then one page's conversation until its ending.
//!
//! ```text
//! page     {"cmd":"ping"}  {"cmd":"ping","pong":true}  {"uid":U,"ticket":"T","key":"K","since":""}
//! gateway  the bind, echoed byte for byte; events;
//!          {"cmd":"pong"}  {"cmd":"gap"}  {"cmd":"expired"}  {"cmd":"error","code":"…","message":"…"}
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use fastwebsockets::upgrade;
use http_body_util::Full;
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use hyper::{Method, StatusCode, Version};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::client::Client;
use crate::clock::unix_time;
use crate::connection::{Connection, Heard, Socket};
use crate::ending::Ending;
use crate::frame;
use crate::gateway::Gateway;
use crate::groups::claim;
use crate::http::{self, Request, Response, Upgraded};
use crate::hub::{Binding, Refused};
use crate::limits::Place;
use crate::message::{Bind, PageMessage};
use crate::session::Uid;

/// The places that a websocket takes; dropping it gives them back.
#[derive(Debug)]
pub struct Admission {
    _place: OwnedSemaphorePermit,
    _place_of_address: Option<Place>,
}

/// After which a page that found no place may ask again.
const RETRY: Duration = Duration::from_secs(5);

/// After which a failed catching up is tried again.
const CATCH_UP_PAUSE: Duration = Duration::from_secs(1);

/// Whether the request wants a websocket, well formed or not.
pub fn is_asked_for(request: &Request) -> bool {
    lists(request.headers(), &UPGRADE, "websocket")
}

/// Checks the handshake (RFC 6455 section 4.2.1), the origin and the limits.
pub fn admit(
    gateway: &Gateway,
    client: Client,
    mut request: Request,
) -> Result<(Response, Admission), Response> {
    let checked = check_handshake(&request)
        .and_then(|()| check_origin(gateway, &request))
        .and_then(|()| find_place(gateway, client));
    let admission = checked.map_err(|(reason, response)| {
        let refusals = &gateway.metrics.handshakes_refused_total;
        refusals.with_label_values(&[reason]).inc();
        response
    })?;
    // The future it gives would hand over a websocket of its own kind; ours takes the bare stream.
    let (response, _) = upgrade::upgrade(&mut request).expect("the handshake was checked");
    Ok((response.map(|_| Full::default()), admission))
}

/// A refusal with its metric label.
type Refusal = (&'static str, Response);

fn check_handshake(request: &Request) -> Result<(), Refusal> {
    let bad = |message| {
        let response = http::error(StatusCode::BAD_REQUEST, "bad_handshake", message);
        Err(("headers", response))
    };
    if request.method() != Method::GET {
        return Err(("method", http::method_not_allowed("GET")));
    }
    if request.version() != Version::HTTP_11 || !lists(request.headers(), &CONNECTION, "upgrade") {
        return bad("A websocket needs HTTP/1.1 and Connection: Upgrade.");
    }
    if http::header(request, "sec-websocket-version") != "13" {
        let mut response = http::error(
            StatusCode::UPGRADE_REQUIRED,
            "bad_version",
            "Only websocket version 13 is spoken.",
        );
        let version = HeaderName::from_static("sec-websocket-version");
        response
            .headers_mut()
            .insert(version, HeaderValue::from_static("13"));
        return Err(("version", response));
    }
    let key = http::header(request, "sec-websocket-key");
    let engine = base64::engine::general_purpose::STANDARD;
    match engine.decode(key) {
        Ok(key) if key.len() == 16 => Ok(()),
        _ => bad("Sec-WebSocket-Key is not 16 bytes in base64."),
    }
}

fn check_origin(gateway: &Gateway, request: &Request) -> Result<(), Refusal> {
    if gateway.admits_origin(request) {
        return Ok(());
    }
    let response = http::error(
        StatusCode::FORBIDDEN,
        "origin_not_allowed",
        "Pages of this origin may not connect; see public.origins.",
    );
    Err(("origin", response))
}

fn find_place(gateway: &Gateway, client: Client) -> Result<Admission, Refusal> {
    let full = |reason| {
        let response = http::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_connections",
            "There is no place for another connection at the moment.",
        );
        (reason, http::retry_after(response, RETRY))
    };
    if gateway.shutdown.closing.is_cancelled() {
        return Err(full("draining"));
    }
    let place = Arc::clone(&gateway.websockets)
        .try_acquire_owned()
        .map_err(|_| full("limit"))?;
    let most = gateway.config().limit.connections_per_address;
    let place_of_address = if most == 0 || client.hidden {
        None
    } else {
        let place = gateway
            .websockets_by_address
            .admit(client.counted(), most)
            .ok_or_else(|| full("address_limit"))?;
        Some(place)
    };
    Ok(Admission {
        _place: place,
        _place_of_address: place_of_address,
    })
}

/// Whether a header's comma-separated list has this word.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// Opens a websocket; what it gives converses with the page until its ending, and says goodbye.
/// `place` is the listener's.
///
/// Not an `async fn`: its arguments would take their bytes twice for as long as the page waits.
pub fn converse(
    gateway: Arc<Gateway>,
    upgraded: Upgraded,
    admission: Admission,
    place: OwnedSemaphorePermit,
) -> impl Future<Output = ()> + Send + 'static {
    let Upgraded { stream, early } = upgraded;
    let mut socket = Connection::open(stream, &early, gateway.rules());
    let guest = gateway.hub.welcome(Arc::clone(socket.connection()));
    let mut conversation = Conversation {
        gateway,
        binding: None,
        refusals: 0,
    };
    async move {
        let ending = conversation.hold(&mut socket).await;
        conversation.part(ending);
        Box::pin(socket.goodbye(ending)).await;
        drop((guest, admission, place));
    }
}

struct Conversation {
    gateway: Arc<Gateway>,
    binding: Option<Binding>,
    refusals: u32,
}

/// What takes a while. Boxed: an idle connection shall not carry what only a bind needs.
type Errand<'a> = Pin<Box<dyn Future<Output = Result<(), Ending>> + Send + 'a>>;

impl Conversation {
    async fn hold(&mut self, socket: &mut Socket) -> Ending {
        loop {
            let heeded = match self.heed(socket.hear().await, socket) {
                Ok(Some(errand)) => errand.await,
                Ok(None) => Ok(()),
                Err(ending) => Err(ending),
            };
            if let Err(ending) = heeded {
                return ending;
            }
        }
    }

    /// Deals at once with what was heard, but for what is an errand.
    ///
    /// Not an `async fn`: the message would take its bytes for as long as the page waits.
    fn heed<'a>(
        &'a mut self,
        heard: Heard,
        socket: &'a mut Socket,
    ) -> Result<Option<Errand<'a>>, Ending> {
        Ok(match heard {
            Heard::Text(text) => self
                .read(&text, socket)
                .map(|bind| Box::pin(self.bind(socket, bind, text)) as Errand<'a>),
            Heard::Binary(_) => return Err(Ending::Binary),
            Heard::Nudged => Some(Box::pin(self.catch_up(socket))),
            Heard::Over(ending) => return Err(ending),
        })
    }

    /// Counts a message and deals with it, unless it is a bind.
    fn read(&self, text: &str, socket: &Socket) -> Option<Bind> {
        let message = PageMessage::parse(text);
        let kind = match &message {
            PageMessage::Ping { .. } => "ping",
            PageMessage::Command => "command",
            PageMessage::Bind(_) => "bind",
            PageMessage::Ignored => "ignored",
        };
        let messages = &self.gateway.metrics.messages_total;
        messages.with_label_values(&[kind]).inc();
        match message {
            PageMessage::Bind(bind) => return Some(bind),
            PageMessage::Ping { pong: true } => {
                let pong = frame::text_frame(br#"{"cmd":"pong"}"#);
                socket.connection().send(pong);
            }
            PageMessage::Command => self.hand_on(text, socket),
            PageMessage::Ping { pong: false } | PageMessage::Ignored => {}
        }
        None
    }

    /// Hands a command of a bound page to the site's backend.
    fn hand_on(&self, text: &str, socket: &Socket) {
        let (Some(hooks), Some(binding)) = (&self.gateway.hooks, &self.binding) else {
            return;
        };
        if !hooks.command(binding.uid(), text, socket.connection()) {
            tell(socket, "busy", "Too many commands wait; try again later.");
        }
    }

    /// Has the site's backend told that the connection holds another uid than before.
    fn tell_of_move(&self, before: Option<Uid>, now: Uid) {
        if let Some(hooks) = self.gateway.hooks.as_ref().filter(|_| before != Some(now)) {
            if let Some(before) = before {
                hooks.left(before, "rebound");
            }
            hooks.bound(now);
        }
    }

    /// Gives the uid back, if there is one, and has the site's backend told why.
    fn release(&mut self, why: &'static str) {
        if let (Some(binding), Some(hooks)) = (self.binding.take(), &self.gateway.hooks) {
            hooks.left(binding.uid(), why);
        }
    }

    /// Gives the uid back and counts the ending.
    fn part(&mut self, ending: Ending) {
        self.release(ending.label());
        let closed = &self.gateway.metrics.connections_closed_total;
        closed.with_label_values(&[ending.label()]).inc();
        tracing::debug!(ending = ending.label(), "a page has gone");
    }

    async fn bind(&mut self, socket: &mut Socket, bind: Bind, text: String) -> Result<(), Ending> {
        let connection = Arc::clone(socket.connection());
        let hub = Arc::clone(&self.gateway.hub);
        let before = self.binding.as_ref().map(Binding::uid);
        if let Err(refused) = hub.bind(&connection, &bind, &mut self.binding).await {
            return self.refuse(socket, refused);
        }
        self.tell_of_move(before, bind.uid);
        // Before the echo: a page that has heard it hears what is said to its groups.
        let joined = self.join(&bind).await;
        connection.send(frame::text_frame(text.as_bytes()));
        if let Err(refused) = joined {
            let joins = &self.gateway.metrics.joins_refused_total;
            joins.with_label_values(&[refused.code()]).inc();
            tell(socket, refused.code(), refused.message());
        }
        let Some(binding) = &mut self.binding else {
            return Ok(());
        };
        if let Err(error) = binding.catch_up(socket).await {
            tracing::warn!(%error, "could not replay");
            self.release("unavailable");
            return self.refuse(socket, Refused::Unavailable);
        }
        Ok(())
    }

    /// Joins the groups that the bind claims.
    async fn join(&self, bind: &Bind) -> Result<(), claim::Refused> {
        let (Some(claim), Some(ticket)) = (&bind.join, &bind.ticket) else {
            return Ok(());
        };
        let secret = self.gateway.config().groups.secret.clone();
        let hub = &self.gateway.hub;
        let session = (bind.uid, ticket);
        claim::join(hub, secret.as_ref(), claim, session, unix_time()).await
    }

    /// Events may have been lost between the broker and this node. The page shall not notice.
    async fn catch_up(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        let Some(binding) = &mut self.binding else {
            return Ok(());
        };
        if let Err(error) = binding.catch_up(socket).await {
            tracing::debug!(%error, "could not catch up, trying again");
            let connection = Arc::clone(socket.connection());
            let over = self.gateway.shutdown.over.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = over.cancelled() => {}
                    () = tokio::time::sleep(CATCH_UP_PAUSE) => connection.nudge(),
                }
            });
        }
        Ok(())
    }

    fn refuse(&mut self, socket: &Socket, refused: Refused) -> Result<(), Ending> {
        tell(socket, refused.code(), refused.message());
        if refused != Refused::Unavailable {
            self.refusals += 1;
        }
        if self.refusals >= self.gateway.config().bind.refusals {
            return Err(Ending::Refused);
        }
        Ok(())
    }
}

/// `{"cmd":"error","code":"…","message":"…"}`.
fn tell(socket: &Socket, code: &'static str, message: &'static str) {
    #[derive(Serialize)]
    struct Error {
        cmd: &'static str,
        code: &'static str,
        message: &'static str,
    }
    let error = Error {
        cmd: "error",
        code,
        message,
    };
    let error = serde_json::to_vec(&error).expect("plain data");
    socket.connection().send(frame::text_frame(&error));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what such a function gives.
    fn size_of_future<A, B, C, D, F>(_: impl Fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    /// With what tokio adds it is to fit in 512 bytes; the next size costs 256 more.
    #[test]
    fn a_waiting_page_takes_little_memory() {
        let size = size_of_future(converse);
        assert!(size <= 384, "{size}");
    }
}
