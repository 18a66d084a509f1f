//! The gateway's own connection code with an echo in place of a conversation, so that strangers'
//! conformance suites can be pointed at it.
//!
//! ```text
//! cargo run --release --example autobahn_echo -- --listen 127.0.0.1:9001 --max-message 16777216
//! cargo run --release --example autobahn_echo -- --listen 127.0.0.1:9001 --cert c.pem --key k.pem
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, Command, value_parser};
use fastwebsockets::{OpCode, upgrade};
use http_body_util::Full;
use hyper::StatusCode;
use scangate::connection::{Connection, Heard, Rules, Traffic};
use scangate::ending::Ending;
use scangate::frame;
use scangate::http::{self, Request, Response};
use scangate::listen::{Accepted, Listener};
use scangate::metrics::Metrics;
use scangate::stream::Stream;
use scangate::tls::Certificate;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let matches = Command::new("autobahn_echo")
        .about("Echoes every websocket message")
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDR:PORT")
                .default_value("127.0.0.1:9001")
                .value_parser(value_parser!(SocketAddr)),
        )
        .arg(
            Arg::new("max-message")
                .long("max-message")
                .value_name("BYTES")
                .default_value("16777216")
                .value_parser(value_parser!(usize)),
        )
        .arg(pem("cert").requires("key"))
        .arg(pem("key").requires("cert"))
        .get_matches();
    let address: SocketAddr = *matches.get_one("listen").expect("it has a default");
    let message_bytes: usize = *matches.get_one("max-message").expect("it has a default");
    let file = |name| matches.get_one::<PathBuf>(name);
    let tls = match (file("cert"), file("key")) {
        (Some(certificate), Some(key)) => Some(Certificate::load(certificate, key)?.acceptor()?),
        _ => None,
    };
    let metrics = Arc::new(Metrics::new());
    let rules = Arc::new(Rules {
        message_bytes,
        // A message may come back whole while the one before it is still on its way.
        queue_bytes: 2 * message_bytes + (1 << 20),
        frames_per_second: None,
        ping_after: None,
        silence: Duration::from_secs(600),
        traffic: Traffic::of(&metrics),
    });
    let listener = Listener::bind("public", address)?;
    println!("echoing on {}", listener.address());
    listener
        .run(1000, CancellationToken::new(), metrics, move |accepted| {
            tokio::spawn(serve(accepted, tls.clone(), Arc::clone(&rules)));
        })
        .await;
    Ok(())
}

fn pem(name: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name("PEM")
        .value_parser(value_parser!(PathBuf))
}

async fn serve(accepted: Accepted, tls: Option<TlsAcceptor>, rules: Arc<Rules>) {
    let stream = match tls {
        None => Stream::Plain(accepted.tcp),
        Some(tls) => match tls.accept(accepted.tcp).await {
            Ok(stream) => Stream::Tls(Box::new(stream)),
            Err(_) => return,
        },
    };
    let patience = Duration::from_secs(10);
    let served = http::serve(stream, patience, CancellationToken::new(), shake_hands).await;
    let Ok(Some(upgraded)) = served else {
        return;
    };
    let mut socket = Connection::open(upgraded.stream, &upgraded.early, rules);
    let ending = loop {
        let (opcode, payload) = match socket.hear().await {
            Heard::Text(text) => (OpCode::Text, text.into_bytes()),
            Heard::Binary(bytes) => (OpCode::Binary, bytes),
            Heard::Nudged => continue,
            Heard::Over(ending) => break ending,
        };
        socket.connection().send(frame::encode(opcode, &payload));
        // A suite that sends without reading shall wait, not be thrown out.
        if !socket.drained(patience).await {
            break Ending::TooSlow;
        }
    };
    socket.goodbye(ending).await;
}

async fn shake_hands(mut request: Request) -> Response {
    match upgrade::upgrade(&mut request) {
        Ok((response, _)) => response.map(|_| Full::default()),
        Err(_) => http::error(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_only",
            "Only websockets are echoed.",
        ),
    }
}
