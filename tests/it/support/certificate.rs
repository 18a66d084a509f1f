//! Certificates for a day: self-signed for `localhost`, and who trusts them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use scangate::config::Config;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

/// One certificate with its key.
pub struct Certificate {
    pem: String,
    key_pem: String,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// A new one.
    pub fn new() -> Certificate {
        Certificate::until(4000)
    }

    /// A new one that ends when this year begins.
    pub fn until(year: i32) -> Certificate {
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let cert = parameters.self_signed(&key).unwrap();
        Certificate {
            pem: cert.pem(),
            key_pem: key.serialize_pem(),
            der: cert.der().clone(),
        }
    }

    /// A server that shows it.
    pub fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A client that trusts these certificates and no others.
    pub fn trusted(certificates: &[&Certificate]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate.der.clone()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// Who signs certificates: a root, and an issuer between.
pub struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    middle: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, which nobody knows.
    pub fn new() -> Authority {
        let parameters = |name: &str| {
            let mut parameters = CertificateParams::default();
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters
        };
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(parameters("root"), key()).unwrap();
        let middle = CertifiedIssuer::signed_by(parameters("middle"), key(), &root).unwrap();
        Authority { root, middle }
    }

    /// Its root, for those who trust it.
    pub fn root(&self) -> String {
        self.root.pem()
    }

    /// A certificate for this host, with the issuer between behind it.
    pub fn signs(&self, host: &str) -> Certificate {
        let alone = self.signs_alone(host);
        let pem = [alone.pem.as_str(), &self.middle.pem()].concat();
        Certificate { pem, ..alone }
    }

    /// The same without the issuer between.
    pub fn signs_alone(&self, host: &str) -> Certificate {
        let mut parameters = CertificateParams::new([host.to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, host);
        let key = KeyPair::generate().unwrap();
        let cert = parameters.signed_by(&key, &self.middle).unwrap();
        Certificate {
            pem: cert.pem(),
            key_pem: key.serialize_pem(),
            der: cert.der().clone(),
        }
    }
}

/// The two files that a gateway watches.
pub struct CertificateFiles {
    directory: TempDir,
}

impl CertificateFiles {
    /// Files with this certificate in them.
    pub fn with(certificate: &Certificate) -> CertificateFiles {
        let directory = TempDir::new().unwrap();
        let files = CertificateFiles { directory };
        files.become_those_of(certificate);
        files
    }

    /// Replaces both, each in one step, as certificate tools do.
    pub fn become_those_of(&self, certificate: &Certificate) {
        self.replace("key.pem", &certificate.key_pem);
        self.replace("cert.pem", &certificate.pem);
    }

    /// Replaces the certificate's file by something else.
    pub fn are_spoilt(&self, content: &str) {
        self.replace("cert.pem", content);
    }

    /// Replaces the key by that of another certificate.
    pub fn have_the_key_of(&self, certificate: &Certificate) {
        self.replace("key.pem", &certificate.key_pem);
    }

    /// Where the key is.
    pub fn key(&self) -> PathBuf {
        self.path("key.pem")
    }

    /// Shows a gateway where they are.
    pub fn serve(&self, config: &mut Config) {
        config.public.tls_cert = Some(self.path("cert.pem"));
        config.public.tls_key = Some(self.path("key.pem"));
    }

    /// Where the certificate is.
    pub fn certificate(&self) -> PathBuf {
        self.path("cert.pem")
    }

    fn replace(&self, name: &str, content: &str) {
        let fresh = self.path("fresh");
        fs::write(&fresh, content).unwrap();
        fs::rename(&fresh, self.path(name)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        let directory: &Path = self.directory.path();
        directory.join(name)
    }
}
