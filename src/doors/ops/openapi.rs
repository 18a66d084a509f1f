//! `GET /api/v1/openapi.json`: the API, described for programs; open to everybody, for it says nothing of
//! this gateway.

use hyper::{Method, StatusCode};

use crate::http::{self, Request, Response};

const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

pub(super) fn show(request: &Request) -> Response {
    match *request.method() {
        Method::GET => http::with_type(StatusCode::OK, "application/json", DOCUMENT),
        _ => http::method_not_allowed("GET"),
    }
}
