//! HTTP to others: the one way in which a client for our own calls is made.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{
    ConfigBuilderExt, FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder,
};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};

/// Makes requests over HTTP/1.1, in the clear or over TLS as their URLs say; follows no redirect.
pub type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How long an idle connection is kept for the next request.
const IDLE: Duration = Duration::from_secs(30);

/// The file of roots cannot be read, or holds no certificate.
#[derive(Debug, thiserror::Error)]
#[error("found no usable certificate in {}", path.display())]
pub struct RootsError {
    path: PathBuf,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// A client that waits so long for a connection. It trusts the certificates of `roots`, or else
/// those of the public web.
pub fn client(connect: Duration, roots: Option<RootCertStore>) -> Client {
    named_client(connect, roots, None)
}

/// The same for hosts that are reached by another name than the one in their certificate, `name`.
pub fn named_client(
    connect: Duration,
    roots: Option<RootCertStore>,
    name: Option<ServerName<'static>>,
) -> Client {
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
    let mut connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls.with_no_client_auth())
        .https_or_http();
    if let Some(name) = name {
        connector = connector.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let connector = connector.enable_http1().wrap_connector(tcp);
    legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector)
}

/// The certificates of a PEM file, to be trusted.
pub fn roots(path: &Path) -> Result<RootCertStore, RootsError> {
    let unusable = |source: Box<dyn std::error::Error + Send + Sync>| RootsError {
        path: path.to_owned(),
        source,
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.into()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.into()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.into()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is none".into()));
    }
    Ok(roots)
}
