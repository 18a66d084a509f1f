//! The site's own backend, which is told what happens: takes each request as it is told to, and
//! keeps what it was told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures_util::stream::{self, StreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use scangate::config::{Config, HookEvent, Secret};
use scangate::webhook::SigningKey;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use super::soon;

/// What signs.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How a request is taken.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Answered with this status and body.
    Answer(u16, &'static str),
    /// Never answered.
    Hang,
    /// The connection is closed.
    HangUp,
    /// An answer that ends before its end.
    BreakOff,
    /// An answer without an end.
    Endless,
    /// Sent to another path.
    Redirect,
}

/// One request, whose signature was right.
#[derive(Clone, Debug)]
pub struct Told {
    /// The header `webhook-id`.
    pub id: String,
    /// The header `webhook-timestamp`.
    pub timestamp: u64,
    /// The header `webhook-signature`.
    pub signature: String,
    /// The body, as it came.
    pub body: String,
}

/// The running backend.
pub struct Site {
    address: SocketAddr,
    scheme: &'static str,
    reactions: Arc<Mutex<Reactions>>,
    told: UnboundedReceiver<Told>,
    accepting: AbortHandle,
}

struct Reactions {
    next: VecDeque<Reaction>,
    always: Reaction,
    tell: UnboundedSender<Told>,
}

impl Told {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What happened.
    pub fn event(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// The particulars.
    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }
}

impl Site {
    /// Starts one that answers everything with an empty 200.
    pub async fn start() -> Site {
        Site::start_with(None).await
    }

    /// The same, over TLS to the name `localhost` where it has a certificate.
    pub async fn start_with(tls: Option<TlsAcceptor>) -> Site {
        let scheme = tls.as_ref().map_or("http", |_| "https");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = mpsc::unbounded_channel();
        let reactions = Arc::new(Mutex::new(Reactions {
            next: VecDeque::new(),
            always: Reaction::Answer(200, ""),
            tell,
        }));
        let accepting = tokio::spawn(accept(listener, tls, Arc::clone(&reactions)));
        Site {
            address,
            scheme,
            reactions,
            told,
            accepting: accepting.abort_handle(),
        }
    }

    /// Has a gateway tell it of `events`, and soon again where it must.
    pub fn listens(&self, config: &mut Config, events: &[HookEvent]) {
        config.hook.url = Some(self.url());
        config.hook.secret = Some(Secret::new(SECRET));
        config.hook.events = events.to_vec();
        config.hook.retry = std::time::Duration::from_millis(20);
    }

    /// Its URL.
    pub fn url(&self) -> String {
        let (scheme, port) = (self.scheme, self.address.port());
        format!("{scheme}://localhost:{port}/hook.php?site=1")
    }

    /// The next request is taken so; said again, the one after it too.
    pub fn next(&self, reaction: Reaction) {
        self.reactions.lock().unwrap().next.push_back(reaction);
    }

    /// From now on every request is taken so.
    pub fn always(&self, reaction: Reaction) {
        self.reactions.lock().unwrap().always = reaction;
    }

    /// Waits for the next thing that it is told.
    pub async fn hears(&mut self) -> Told {
        soon("something told to the site", self.told.recv())
            .await
            .unwrap()
    }

    /// Has been told nothing that it has not heard but what has this id.
    pub fn has_heard_but(&mut self, id: &str) {
        while let Ok(told) = self.told.try_recv() {
            assert_eq!(told.id, id, "{told:?}");
        }
    }

    /// Has been told nothing that it has not heard.
    pub fn hears_nothing(&mut self) {
        if let Ok(told) = self.told.try_recv() {
            panic!("it was told {told:?}");
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, reactions: Arc<Mutex<Reactions>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, reactions) = (tls.clone(), Arc::clone(&reactions));
        tokio::spawn(async move {
            match tls {
                None => serve(stream, reactions).await,
                Some(tls) => {
                    // Whoever does not trust us has gone.
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, reactions).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, reactions: Arc<Mutex<Reactions>>) {
    let service = service_fn(move |request| answer(Arc::clone(&reactions), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // An error is a client that has gone, or a fault that we made.
    drop(connection.await);
}

type Reply = hyper::Response<BoxBody<Bytes, io::Error>>;

async fn answer(
    reactions: Arc<Mutex<Reactions>>,
    request: hyper::Request<Incoming>,
) -> Result<Reply, &'static str> {
    let target = request.uri().path_and_query().unwrap().as_str().to_owned();
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    let told = Told {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signature: header("webhook-signature"),
        body: String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap(),
    };
    assert_eq!(
        (head.method.as_str(), target.as_str()),
        ("POST", "/hook.php?site=1")
    );
    assert_eq!(header("content-type"), "application/json");
    let key = SigningKey::new(SECRET).unwrap();
    let right = key.sign(&told.id, told.timestamp, told.body.as_bytes());
    assert!(
        told.signature
            .split(' ')
            .any(|signature| signature == right)
    );
    assert_eq!(told.json()["id"], told.id);
    let reaction = {
        let mut reactions = reactions.lock().unwrap();
        // Nobody listens any more where a test is over.
        let _ = reactions.tell.send(told);
        reactions
            .next
            .pop_front()
            .unwrap_or(reactions.always.clone())
    };
    let reply = hyper::Response::builder();
    let reply = match reaction {
        Reaction::Answer(status, body) => reply.status(status).body(whole(body)),
        Reaction::Hang => std::future::pending().await,
        Reaction::HangUp => return Err("hung up as told"),
        Reaction::BreakOff => {
            let piece = stream::iter([Ok(Frame::data(Bytes::from("{")))]);
            // The head has to go out first, which it does when nothing comes at once.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::ErrorKind::BrokenPipe.into())
            });
            reply.body(BodyExt::boxed(StreamBody::new(piece.chain(end))))
        }
        Reaction::Endless => {
            let piece = || Ok(Frame::data(Bytes::from_static(&[b'{'; 4096])));
            let pieces = stream::iter(std::iter::repeat_with(piece));
            reply.body(BodyExt::boxed(StreamBody::new(pieces)))
        }
        Reaction::Redirect => reply
            .status(307)
            .header("location", "/elsewhere")
            .body(whole("")),
    };
    Ok(reply.unwrap())
}

fn whole(body: &'static str) -> BoxBody<Bytes, io::Error> {
    let never = |never: Infallible| match never {};
    Full::from(body).map_err(never).boxed()
}
