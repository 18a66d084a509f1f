//! Accounts of the site: who is bound to which, and the points that they have.

mod api;
mod bonds;
mod points;

use serde_json::Value;

use crate::support::{Code, Gateway, Page, Phone, Request, Response};

/// A code about an account, and the page that waits for its scan.
async fn waits(gateway: &Gateway, action: &str, account: &str) -> (Code, Page) {
    let code = gateway.code_about(action, account).await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    (code, page)
}

/// Scans: the members of the result behind uid and ticket, and the words in the chat.
async fn scans(gateway: &Gateway, phone: &Phone, action: &str, account: &str) -> (String, String) {
    let (code, mut page) = waits(gateway, action, account).await;
    let answer = phone.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let result = page.next().await;
    page.hears_nothing().await;
    let event = code.event("");
    let members = result.strip_prefix(event.trim_end_matches('}'));
    let members = members.unwrap_or_else(|| panic!("not about this code: {result}"));
    let members = members.trim_end_matches('}').to_owned();
    (members, phone.reads(&answer).expect("words"))
}

async fn asks(gateway: &Gateway, path: &str) -> Value {
    let answer = gateway.tells(Request::get(path)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn posts(gateway: &Gateway, path: &str, body: &str) -> Response {
    gateway.tells(Request::post(path, body)).await
}
