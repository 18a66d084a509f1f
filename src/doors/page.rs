//! The page and its assets, served from the binary.
//!
//! `/` is the page, `/assets/NAME` a file of `web/`, `/assets/settings.json` what the page has to
//! know of this gateway.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, StatusCode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::session::hex;

/// One file of `web/`.
#[derive(Debug)]
struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static [u8],
}

/// Puts a file of `web/` into the binary.
macro_rules! asset {
    ($path:literal, $file:literal, $type:literal) => {
        Asset {
            path: $path,
            content_type: $type,
            body: include_bytes!(concat!("../../web/", $file)),
        }
    };
}

const HTML: &str = "text/html; charset=utf-8";

const ASSETS: &[Asset] = &[
    asset!("/", "index.html", "text/html; charset=utf-8"),
    asset!("/assets/page.css", "page.css", "text/css; charset=utf-8"),
    asset!(
        "/assets/message.css",
        "message.css",
        "text/css; charset=utf-8"
    ),
    asset!(
        "/assets/page.js",
        "page.js",
        "text/javascript; charset=utf-8"
    ),
    asset!(
        "/assets/scangate.js",
        "scangate.js",
        "text/javascript; charset=utf-8"
    ),
    asset!(
        "/assets/scangate.d.ts",
        "scangate.d.ts",
        "text/plain; charset=utf-8"
    ),
    asset!(
        "/assets/link.js",
        "link.js",
        "text/javascript; charset=utf-8"
    ),
    asset!("/assets/qr.js", "qr.js", "text/javascript; charset=utf-8"),
    asset!("/assets/favicon.svg", "favicon.svg", "image/svg+xml"),
    asset!("/favicon.ico", "favicon.svg", "image/svg+xml"),
];

/// The assets with their tags.
#[derive(Debug)]
pub struct Page {
    tags: Vec<HeaderValue>,
}

impl Page {
    /// Tags the assets, so that a browser that has them need not load them again.
    pub fn new() -> Self {
        let tag = |asset: &Asset| {
            let digest = hex(&Sha256::digest(asset.body)[..8]);
            HeaderValue::try_from(format!("\"{digest}\"")).expect("plain ASCII")
        };
        Self {
            tags: ASSETS.iter().map(tag).collect(),
        }
    }

    /// Answers whatever no other door of the public listener does.
    pub fn answer(&self, gateway: &Gateway, request: &Request) -> Response {
        let path = request.uri().path();
        let place = ASSETS.iter().position(|asset| asset.path == path);
        let is_settings = path == "/assets/settings.json";
        if place.is_none() && !is_settings {
            return http::not_found();
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return http::method_not_allowed("GET, HEAD");
        }
        let config = gateway.config();
        match place {
            Some(place) => self.asset(place, &config, request),
            None => settings(&config),
        }
    }

    fn asset(&self, place: usize, config: &Config, request: &Request) -> Response {
        let asset = &ASSETS[place];
        let tag = &self.tags[place];
        let known = request.headers().get(IF_NONE_MATCH) == Some(tag);
        let body = if known { &[] } else { asset.body };
        let mut response = Response::new(Full::new(Bytes::from_static(body)));
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        headers.insert(ETAG, tag.clone());
        // Always asked for anew: page and gateway are of one version.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if asset.content_type == HTML {
            headers.insert(CONTENT_SECURITY_POLICY, policy(config));
        } else {
            // Pages of other origins import the module: nothing in it is anybody's own.
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        response
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

/// What the page has to know: where a login leads, and where pictures of codes are.
fn settings(config: &Config) -> Response {
    #[derive(Serialize)]
    struct Settings<'a> {
        login_url: &'a str,
        qr_url: &'a str,
    }
    let settings = Settings {
        login_url: &config.login.url,
        qr_url: &config.wechat.qr_url,
    };
    http::json(StatusCode::OK, &settings)
}

/// Nothing but our own files, our own connections, and pictures of codes.
fn policy(config: &Config) -> HeaderValue {
    let pictures = origin_of(&config.wechat.qr_url);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {pictures}; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("the URL was checked when the configuration was read")
}

/// `scheme://host[:port]` of a URL.
fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    &url[..end]
}
