//! HTTP to others: the one way in which a client for our own calls is made.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

/// Makes requests over HTTP/1.1, in the clear or over TLS as their URLs say; follows no redirect.
pub type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How long an idle connection is kept for the next request.
const IDLE: Duration = Duration::from_secs(30);

/// A client that waits so long for a connection. It trusts the certificates of `roots`, or else
/// those of the public web.
pub fn client(connect: Duration, roots: Option<RootCertStore>) -> Client {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(connect));
    tcp.set_nodelay(true);
    let provider = rustls::crypto::ring::default_provider().into();
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions");
    let tls = match roots {
        Some(roots) => tls.with_root_certificates(roots),
        None => tls.with_webpki_roots(),
    };
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls.with_no_client_auth())
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector)
}
