//! The certificate of the public listener: will browsers and WeChat take it, and for how long?

use std::time::Duration;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use super::report::{Finding, skip_all};
use crate::certificate::{Facts, is_for, verify};
use crate::clock::unix_time;
use crate::config::Public;
use crate::tls::Certificate;

/// Every check of this kind, in the order in which they are told.
const IDS: [&str; 4] = [
    "certificate.files",
    "certificate.dates",
    "certificate.chain",
    "certificate.names",
];

const DAY: u64 = 24 * 3600;

/// Reads the two files as a node does, and judges.
pub(super) fn check(public: &Public) -> Vec<Finding> {
    let (Some(certificate), Some(key)) = (&public.tls_cert, &public.tls_key) else {
        return skip_all(&IDS, "the node speaks no TLS itself (public.tls_cert)");
    };
    let chain = match Certificate::load(certificate, key) {
        Ok(loaded) => loaded.chain(),
        Err(error) => {
            let fix = "public.tls_cert wants a PEM file with the certificate and then those of its \
                       issuers (fullchain.pem), public.tls_key one with its private key; the node's \
                       user must be able to read both.";
            return unusable(&error.to_string(), fix);
        }
    };
    let facts: Option<Vec<Facts>> = chain.iter().map(Facts::read).collect();
    let Some(facts) = facts else {
        let why = "a certificate in the file breaks the rules of X.509 (RFC 5280)";
        return unusable(why, "Have it issued anew, by another authority if need be.");
    };
    let own = &facts[0];
    let now = unix_time();
    vec![
        Finding::ok(IDS[0], format!("{} and its key can be read", own.subject)),
        dates(&facts, now),
        order(&facts, &chain, &roots(), now),
        names(own, &chain[0], public.url.as_deref()),
    ]
}

fn unusable(why: &str, fix: &str) -> Vec<Finding> {
    let mut findings = vec![Finding::fail(IDS[0], why, fix)];
    findings.extend(skip_all(&IDS[1..], "the files cannot be used"));
    findings
}

/// Those of the public web, and those that this system trusts.
fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn dates(facts: &[Facts], now: Duration) -> Finding {
    const ID: &str = IDS[1];
    const FIX: &str = "Renew it. The node takes new files by itself, without a restart.";
    if let Some(early) = facts.iter().find(|facts| facts.begins > now) {
        let hours = (early.begins - now).as_secs().div_ceil(3600);
        let seen = format!("{} does not hold yet, only in {hours} hours", early.subject);
        return Finding::fail(ID, seen, "Set the clock of this host right, or wait.");
    }
    let first = facts.iter().min_by_key(|facts| facts.ends);
    let first = first.expect("a chain has a certificate");
    let Some(left) = first.ends.checked_sub(now) else {
        let days = (now - first.ends).as_secs() / DAY;
        let seen = format!("{} ended {days} days ago", first.subject);
        return Finding::fail(ID, seen, FIX);
    };
    let seen = format!("{} ends in {} days", first.subject, left.as_secs() / DAY);
    // Tools renew when a third of the life is left; with less than a quarter they have failed.
    let soon = Duration::from_secs(21 * DAY).min((first.ends - first.begins) / 4);
    match left < soon {
        true => Finding::warn(ID, seen, FIX),
        false => Finding::ok(ID, seen),
    }
}

fn order(
    facts: &[Facts],
    chain: &[CertificateDer<'_>],
    roots: &RootCertStore,
    now: Duration,
) -> Finding {
    const ID: &str = IDS[2];
    const FULL: &str = "Use the file with the whole chain (fullchain.pem): the certificate first, then \
                        who signed it, and so on. An authority of your own must be among the \
                        system's roots, or in the file that SSL_CERT_FILE names.";
    let own = &facts[0];
    if own.is_self_signed() {
        let fix = "Browsers and WeChat refuse it. Have one issued by a public authority, over ACME for \
                   instance. Behind a balancer that does not verify it, it will do.";
        return Finding::warn(ID, format!("{} is self-signed", own.subject), fix);
    }
    let mut pairs = facts.windows(2);
    if let Some(pair) = pairs.find(|pair| pair[0].issuer != pair[1].subject) {
        let (before, after) = (&pair[0].subject, &pair[1].subject);
        let seen = format!("{after} stands behind {before}, but has not signed it");
        return Finding::fail(ID, seen, FULL);
    }
    // The dates have a check of their own.
    let while_it_holds = now.clamp(own.begins, own.ends.max(own.begins));
    let last = &facts[facts.len() - 1];
    match verify(chain, roots, while_it_holds) {
        Ok(()) => Finding::ok(
            ID,
            format!(
                "{} certificates, vouched for by {}",
                facts.len(),
                last.issuer
            ),
        ),
        Err(error) => {
            let seen = format!(
                "ends with {}, signed by {}: {error}",
                last.subject, last.issuer
            );
            Finding::fail(ID, seen, FULL)
        }
    }
}

fn names(own: &Facts, certificate: &CertificateDer<'_>, url: Option<&str>) -> Finding {
    const ID: &str = IDS[3];
    let names = own.names.join(", ");
    let uri: Option<hyper::Uri> = url.and_then(|url| url.parse().ok());
    let Some(host) = uri.as_ref().and_then(hyper::Uri::host) else {
        let look = "Set SCANGATE_PUBLIC_URL, and its host is looked for among them.";
        return Finding::by_hand(ID, format!("for {names}; public.url is not set"), look);
    };
    let host = host.trim_matches(['[', ']']);
    if is_for(certificate, host) {
        return Finding::ok(ID, format!("for {host}, as public.url says"));
    }
    let fix = "Use a certificate that names the host of SCANGATE_PUBLIC_URL, or mend that.";
    Finding::fail(ID, format!("for {names}, but public.url is {host}"), fix)
}

#[cfg(test)]
mod tests;
