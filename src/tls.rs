//! TLS with a certificate that is replaced while connections are open.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::certificate::earliest_end;
use crate::metrics::Metrics;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("could not read {}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A file holds no PEM of the kind wanted.
    #[error("found no usable {wanted} in {}", path.display())]
    NoPem {
        /// `certificate` or `private key`.
        wanted: &'static str,
        /// Which file.
        path: PathBuf,
    },
    /// The two do not belong together, or the key's kind is unknown.
    #[error("certificate and key cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// A listener's certificate and the files it comes from.
#[derive(Debug)]
pub struct Certificate {
    certificate_file: PathBuf,
    key_file: PathBuf,
    current: ArcSwap<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    key: Arc<CertifiedKey>,
    /// The files' contents, to notice a change whichever way it was made.
    pem: (Vec<u8>, Vec<u8>),
}

impl Certificate {
    /// Loads the PEM files.
    pub fn load(certificate_file: &Path, key_file: &Path) -> Result<Arc<Self>, TlsError> {
        let pem = read_files(certificate_file, key_file)?;
        let loaded = Loaded::new(pem, certificate_file, key_file)?;
        Ok(Arc::new(Self {
            certificate_file: certificate_file.to_owned(),
            key_file: key_file.to_owned(),
            current: ArcSwap::from_pointee(loaded),
        }))
    }

    /// What shakes hands with this certificate, the newest one each time.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Newest(Arc::clone(self))));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Tickets keep resumption out of our memory.
        config.ticketer = ring::Ticketer::new().map_err(TlsError::Unusable)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Looks at the files again; true where they have changed and are now in use.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let pem = read_files(&self.certificate_file, &self.key_file)?;
        if pem == self.current.load().pem {
            return Ok(false);
        }
        let loaded = Loaded::new(pem, &self.certificate_file, &self.key_file)?;
        self.current.store(Arc::new(loaded));
        Ok(true)
    }

    /// The chain in use, the host's own certificate first.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.current.load().key.cert.clone()
    }

    /// Tells when the chain in use ends.
    pub fn report(&self, metrics: &Metrics) {
        let end = earliest_end(&self.current.load().key.cert).unwrap_or_default();
        metrics
            .certificate_expiry_timestamp_seconds
            .set(end.as_secs().try_into().unwrap_or(i64::MAX));
    }

    /// Looks at the files every so often until `closing`. Files that cannot be used (half written,
    /// say) leave the certificate in use as it is, and are told of once.
    pub async fn watch(
        self: Arc<Self>,
        every: Duration,
        closing: CancellationToken,
        metrics: Arc<Metrics>,
    ) {
        let mut told = String::new();
        loop {
            tokio::select! {
                () = closing.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            let count = |result| metrics.tls_reloads_total.with_label_values(&[result]).inc();
            match self.reload() {
                Ok(false) => told.clear(),
                Ok(true) => {
                    told.clear();
                    count("ok");
                    self.report(&metrics);
                    tracing::info!("took a new certificate");
                }
                Err(error) => {
                    let error = error.to_string();
                    if told != error {
                        count("refused");
                        tracing::error!(%error, "kept the old certificate");
                        told = error;
                    }
                }
            }
        }
    }
}

impl Loaded {
    fn new(
        pem: (Vec<u8>, Vec<u8>),
        certificate_file: &Path,
        key_file: &Path,
    ) -> Result<Self, TlsError> {
        let no_pem = |wanted, path: &Path| TlsError::NoPem {
            wanted,
            path: path.to_owned(),
        };
        let chain = CertificateDer::pem_slice_iter(&pem.0)
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|chain| !chain.is_empty())
            .ok_or_else(|| no_pem("certificate", certificate_file))?;
        let key =
            PrivateKeyDer::from_pem_slice(&pem.1).map_err(|_| no_pem("private key", key_file))?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(TlsError::Unusable)?;
        Ok(Self {
            key: Arc::new(key),
            pem,
        })
    }
}

fn read_files(certificate: &Path, key: &Path) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|reason| TlsError::Unreadable {
            path: path.to_owned(),
            reason,
        })
    };
    Ok((read(certificate)?, read(key)?))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Gives each handshake the newest certificate.
#[derive(Debug)]
struct Newest(Arc<Certificate>);

impl ResolvesServerCert for Newest {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current.load().key))
    }
}
