//! `[trace]`: where the life of sessions is sent as traces.

use std::fmt;
use std::path::PathBuf;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::declare::settings;
use super::shape;
use super::text::{Text, items};

settings! {
    /// Where the life of sessions is sent as traces of OpenTelemetry. Off unless `otlp_url` is set.
    pub struct Trace in "trace" {
        /// Base URL of a collector that takes OTLP over HTTP; `/v1/traces` is added.
        otlp_url: Option<String> where shape::base_url, restart;
        /// Headers that the collector asks for: `NAME=VALUE`, with commas between several.
        otlp_headers: Option<Headers>, restart;
        /// PEM file with the roots from one of which the collector's certificate must come. Unset: those
        /// of the public web.
        otlp_roots: Option<PathBuf>, restart;
        /// Of how many sessions in a hundred; all nodes choose the same ones.
        sessions_percent: u32 = "100" in 0..=100, restart;
    }
}

/// Headers of requests to others; secret, for one of them is what lets us in.
#[derive(Clone, PartialEq)]
pub struct Headers(HeaderMap);

impl Headers {
    /// The headers themselves, for the one place that sends them.
    pub fn expose(&self) -> &HeaderMap {
        &self.0
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Text for Headers {
    const FORM: &'static str = "headers";
    const PLACEHOLDER: &'static str = "NAME=VALUE,…";
    const SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let header = |item: &str| {
            let (name, value) = item.split_once('=')?;
            let name: HeaderName = name.trim().parse().ok()?;
            let value: HeaderValue = value.trim().parse().ok()?;
            Some((name, value))
        };
        let headers: Option<HeaderMap> = items(text).map(header).collect();
        match headers {
            Some(headers) if !headers.is_empty() => Ok(Self(headers)),
            // Not quoted: the values are secret.
            _ => Err("expected NAME=VALUE, with commas between several".to_owned()),
        }
    }

    fn to_text(&self) -> Option<String> {
        Some("…".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_never_shown() {
        let headers = Headers::from_text("Authorization=Bearer a=b==, x-team = 7").unwrap();
        assert_eq!(headers.expose()["authorization"], "Bearer a=b==");
        assert_eq!(headers.expose()["x-team"], "7");
        assert_eq!(format!("{headers:?}"), "…");
        for wrong in ["", ",", "Authorization", "a b=secret", "a=sec\nret"] {
            let fault = Headers::from_text(wrong).unwrap_err();
            assert!(!fault.contains("sec"), "{fault}");
        }
    }
}
