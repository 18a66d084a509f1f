//! What certificates say: whose they are, how long they hold, for which names, and whether a chain
//! of them leads to somebody who is trusted.

use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::ring;
use rustls::server::ParsedCertificate;
use rustls::{Error, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

/// What one certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whose it is: `CN=scan.example.com`.
    pub subject: String,
    /// Who has signed it.
    pub issuer: String,
    /// From when it holds, since 1970.
    pub begins: Duration,
    /// Until when it holds, since 1970.
    pub ends: Duration,
    /// The hosts that it names; one may begin with `*.`.
    pub names: Vec<String>,
}

impl Facts {
    /// Reads a certificate; None where the bytes are none.
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let read = Certificate::from_der(certificate).ok()?;
        let told = read.tbs_certificate();
        let alternatives = told.get_extension::<SubjectAltName>().ok()?;
        let names = alternatives.map_or_else(Vec::new, |(_, names)| names.0);
        Some(Self {
            subject: short(told.subject()),
            issuer: short(told.issuer()),
            begins: told.validity().not_before.to_unix_duration(),
            ends: told.validity().not_after.to_unix_duration(),
            names: names.iter().filter_map(host).collect(),
        })
    }

    /// Whether nobody else vouches for it.
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

/// When the first of a chain ends, since 1970: with it ends the chain. What cannot be read does not
/// count.
pub fn earliest_end(chain: &[CertificateDer<'_>]) -> Option<Duration> {
    let facts = chain.iter().filter_map(Facts::read);
    facts.map(|facts| facts.ends).min()
}

/// Whether a chain, the host's own certificate first, leads to one of `roots` at this time.
pub fn verify(
    chain: &[CertificateDer<'_>],
    roots: &RootCertStore,
    now: Duration,
) -> Result<(), Error> {
    let (own, others) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(own)?,
        roots,
        others,
        UnixTime::since_unix_epoch(now),
        ring::default_provider()
            .signature_verification_algorithms
            .all,
    )
}

/// Whether a certificate is for this host, by its name or its address.
pub fn is_for(certificate: &CertificateDer<'_>, host: &str) -> bool {
    let parsed = ParsedCertificate::try_from(certificate);
    let name = ServerName::try_from(host);
    parsed
        .ok()
        .zip(name.ok())
        .is_some_and(|(parsed, name)| verify_server_name(&parsed, &name).is_ok())
}

/// The common name where there is one, else everything.
fn short(name: &Name) -> String {
    match name.common_name() {
        Ok(Some(common)) => format!("CN={}", common.value()),
        _ => name.to_string(),
    }
}

fn host(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(address) => address_of(address.as_bytes()),
        _ => None,
    }
}

fn address_of(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(|four| std::net::IpAddr::from(four).to_string());
    let sixteen =
        || <[u8; 16]>::try_from(bytes).map(|more| std::net::IpAddr::from(more).to_string());
    four.or_else(|_| sixteen()).ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
    };

    use super::*;

    const NOW: Duration = Duration::from_secs(1_795_365_300);
    const YEAR_2031: Duration = Duration::from_secs(1_924_992_000);

    struct Authority {
        root: CertifiedIssuer<'static, KeyPair>,
        middle: CertifiedIssuer<'static, KeyPair>,
    }

    fn parameters(name: &str, hosts: &[&str]) -> CertificateParams {
        let hosts: Vec<_> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut parameters = CertificateParams::new(hosts).unwrap();
        let common = rcgen::DnType::CommonName;
        parameters.distinguished_name.push(common, name);
        parameters
    }

    fn key() -> KeyPair {
        KeyPair::generate().unwrap()
    }

    impl Authority {
        fn new() -> Self {
            let issues = |name| {
                let mut parameters = parameters(name, &[]);
                parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                parameters
            };
            let root = CertifiedIssuer::self_signed(issues("root"), key()).unwrap();
            let middle = CertifiedIssuer::signed_by(issues("middle"), key(), &root).unwrap();
            Self { root, middle }
        }

        fn chain(&self) -> Vec<CertificateDer<'static>> {
            let mut own = parameters("own", &["scan.example.com", "*.example.org", "10.0.0.7"]);
            own.not_after = date_time_ymd(2031, 1, 1);
            let own = own.signed_by(&key(), &self.middle).unwrap();
            vec![own.der().clone(), self.middle.der().clone()]
        }

        fn roots(&self) -> RootCertStore {
            let mut roots = RootCertStore::empty();
            roots.add(self.root.der().clone()).unwrap();
            roots
        }
    }

    #[test]
    fn a_certificate_says_whose_it_is_and_how_long() {
        let authority = Authority::new();
        let chain = authority.chain();
        let own = Facts::read(&chain[0]).unwrap();
        assert_eq!((&*own.subject, &*own.issuer), ("CN=own", "CN=middle"));
        assert_eq!(own.names, ["scan.example.com", "*.example.org", "10.0.0.7"]);
        assert_eq!(own.ends, YEAR_2031);
        assert!(own.begins < NOW && !own.is_self_signed());
        assert!(Facts::read(authority.root.der()).unwrap().is_self_signed());
        assert_eq!(earliest_end(&chain), Some(YEAR_2031));
        assert_eq!(Facts::read(&CertificateDer::from_slice(b"\x30\x00")), None);
    }

    #[test]
    fn a_chain_leads_to_its_root_while_it_is_whole_and_holds() {
        let authority = Authority::new();
        let (chain, roots) = (authority.chain(), authority.roots());
        verify(&chain, &roots, NOW).unwrap();
        assert!(verify(&chain, &roots, YEAR_2031 + Duration::from_secs(1)).is_err());
        assert!(verify(&chain[..1], &roots, NOW).is_err());
        assert!(verify(&[], &roots, NOW).is_err());
        assert!(verify(&chain, &Authority::new().roots(), NOW).is_err());
    }

    #[test]
    fn a_certificate_is_for_the_hosts_that_it_names() {
        let own = &Authority::new().chain()[0];
        for (host, expected) in [
            ("scan.example.com", true),
            ("a.example.org", true),
            ("10.0.0.7", true),
            ("example.com", false),
            ("a.b.example.org", false),
            ("10.0.0.8", false),
            ("no host", false),
        ] {
            assert_eq!(is_for(own, host), expected, "{host}");
        }
    }
}
