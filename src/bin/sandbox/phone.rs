//! The pages: the pretend phone, and what a code opens in a real camera. Files that need nothing from elsewhere.

use hyper::Method;

use crate::http::{Answer, Request};
use crate::state::Sandbox;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Answers everything that is neither the platform's nor the sandbox's API.
pub fn answer(request: &Request, sandbox: &Sandbox) -> Answer {
    if request.method != Method::GET && request.method != Method::HEAD {
        return Answer::error(405, "method_not_allowed", "Pages are read with GET.");
    }
    match request.path.as_str() {
        "/" | "/phone" => Answer::new(200, HTML, include_str!("pages/phone.html")),
        "/phone.css" => Answer::new(200, STYLE, include_str!("pages/phone.css")),
        "/phone.js" => Answer::new(200, SCRIPT, include_str!("pages/phone.js")),
        "/scan.js" => Answer::new(200, SCRIPT, include_str!("pages/scan.js")),
        "/icon.svg" => Answer::new(200, "image/svg+xml", include_str!("pages/icon.svg")),
        "/words.js" => Answer::new(200, SCRIPT, include_str!("pages/words.js")),
        path => match path.strip_prefix("/q/") {
            Some(id) => scan_page(id, sandbox),
            None => Answer::error(
                404,
                "not_found",
                "There is nothing here; the phone is at /phone.",
            ),
        },
    }
}

/// The page behind a code's url. A code that is not there gets the same page, which says so, with 404.
fn scan_page(id: &str, sandbox: &Sandbox) -> Answer {
    let known = sandbox.state().codes.find(|code| code.id == id).is_some();
    let status = if known { 200 } else { 404 };
    Answer::new(status, HTML, include_str!("pages/scan.html"))
}
