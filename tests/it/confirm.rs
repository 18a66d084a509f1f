//! Scans that count only once their person has confirmed them, on a page inside WeChat.

use serde_json::Value;

use crate::support::{Code, Gateway, Page, Platform, Request};

mod again;
mod decision;
mod form;

/// A gateway where logins are confirmed, a code for one, and the page that shows it.
async fn stage() -> (Platform, Gateway, Code, Page) {
    let platform = Platform::start().await;
    let gateway = Gateway::with(|config| {
        platform.serves(config);
        config.confirm.actions = vec!["login".parse().unwrap()];
        config.public.name = Some("Tea & Cake".to_owned());
    })
    .await;
    let code = gateway.qrcode("login").await;
    let mut page = gateway.page().await;
    page.binds(&code).await;
    (platform, gateway, code, page)
}

/// What the server API says of the session.
async fn state(gateway: &Gateway, code: &Code) -> String {
    let path = format!("/api/v1/sessions/{}", code.uid);
    let state = gateway.tells(Request::get(&path)).await.json();
    state["state"].as_str().unwrap().to_owned()
}

/// The result that the page hears next, a login; verified, it is whose.
async fn logs_in(gateway: &Gateway, page: &mut Page) -> String {
    let event: Value = serde_json::from_str(&page.next().await).unwrap();
    assert_eq!(event["cmd"], "login", "{event}");
    let body = format!(r#"{{"token":{}}}"#, event["token"]);
    let verify = Request::post("/api/v1/login/verify", body);
    let who = gateway.tells(verify).await.json();
    who["openid"].as_str().unwrap().to_owned()
}
