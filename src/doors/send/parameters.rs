//! What to send, from wherever a sender put it: the query, a form, or JSON. The body wins.

use std::time::Duration;

use hyper::Method;
use serde::Deserialize;

use super::refusal::Refusal;
use crate::http::{self, Request};
use crate::wechat::query::Query;

/// Title and text. The names of ServerChan's are taken too.
#[derive(Default, Deserialize)]
struct Parameters {
    text: Option<String>,
    title: Option<String>,
    desp: Option<String>,
    content: Option<String>,
}

/// The longest body, in bytes.
const BODY_BYTES: usize = 64 * 1024;

impl Parameters {
    fn of_form(form: &str) -> Result<Self, Refusal> {
        let form = Query::parse(form).map_err(|_| Refusal::Malformed)?;
        let value = |name| form.get(name).map(str::to_owned);
        Ok(Self {
            text: value("text"),
            title: value("title"),
            desp: value("desp"),
            content: value("content"),
        })
    }

    fn title(&self) -> Option<&String> {
        self.text.as_ref().or(self.title.as_ref())
    }

    fn body(&self) -> Option<&String> {
        self.desp.as_ref().or(self.content.as_ref())
    }
}

/// The title and the text of a request; each empty where it is missing.
pub(super) async fn read(
    request: Request,
    patience: Duration,
) -> Result<(String, String), Refusal> {
    let query = Parameters::of_form(request.uri().query().unwrap_or_default())?;
    let body = if request.method() == Method::POST {
        let content_type = http::header(&request, "content-type").to_ascii_lowercase();
        let body = http::read_body(request.into_body(), BODY_BYTES, patience).await?;
        let body = std::str::from_utf8(&body).map_err(|_| Refusal::Malformed)?;
        if content_type.starts_with("application/json") {
            serde_json::from_str(body).map_err(|_| Refusal::Malformed)?
        } else if content_type.starts_with("multipart/") {
            return Err(Refusal::Malformed);
        } else {
            Parameters::of_form(body.trim_end())?
        }
    } else {
        Parameters::default()
    };
    let first = |a: Option<&String>, b: Option<&String>| a.or(b).cloned().unwrap_or_default();
    Ok((
        first(body.title(), query.title()),
        first(body.body(), query.body()),
    ))
}
