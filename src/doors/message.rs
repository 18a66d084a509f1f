//! `/m/{id}`: the page that a message opens. It has an id that nobody can guess, says nothing of the
//! person or the sender, and ends after some days.

use std::sync::Arc;

use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY};
use hyper::{Method, StatusCode};

use crate::clock;
use crate::config::Language;
use crate::gateway::Gateway;
use crate::http::{self, Request, Response};
use crate::markdown::{self, escape};
use crate::send::{self, Message};

/// Nothing but words, and our own style.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The id of a path of this door.
pub fn asked_for(path: &str) -> Option<&str> {
    path.strip_prefix("/m/")
}

/// Answers a request for a message's page.
pub async fn answer(gateway: &Arc<Gateway>, id: &str, request: &Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return http::method_not_allowed("GET, HEAD");
    }
    let language = gateway.config().wechat.language;
    let (status, title, body) = match send::message(&gateway.shop.broker, id).await {
        Ok(Some(message)) => {
            let hours_ahead = gateway.config().send.utc_offset;
            let body = body(&message, hours_ahead);
            (StatusCode::OK, message.text, body)
        }
        Ok(None) => notice(StatusCode::NOT_FOUND, language),
        Err(error) => {
            tracing::warn!(%error, "could not show a message");
            notice(StatusCode::SERVICE_UNAVAILABLE, language)
        }
    };
    let page = page(language, &title, &body);
    let mut response = http::with_type(status, "text/html; charset=utf-8", page);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let robots = HeaderValue::from_static("noindex, nofollow, noarchive");
    headers.insert("x-robots-tag", robots);
    response
}

fn page(language: Language, title: &str, body: &str) -> String {
    let lang = match language {
        Language::Zh => "zh-CN",
        Language::En => "en",
    };
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex, nofollow\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"../assets/message.css\">\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn body(message: &Message, hours_ahead: i32) -> String {
    let when = clock::local_minute(message.since, hours_ahead);
    let text = markdown::html(&message.desp);
    format!("<p><time>{when}</time></p>\n<article>\n{text}</article>\n")
}

/// What the page says where there is no message to show.
fn notice(status: StatusCode, language: Language) -> (StatusCode, String, String) {
    let (zh, en) = if status == StatusCode::NOT_FOUND {
        (
            "消息不存在或已过期。",
            "There is no such message, or no more.",
        )
    } else {
        (
            "暂时无法显示,请稍后再试。",
            "It cannot be shown at the moment. Please try again.",
        )
    };
    let title = match language {
        Language::Zh => zh,
        Language::En => en,
    };
    (status, title.to_owned(), String::new())
}
