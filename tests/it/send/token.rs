//! Whose tokens stand, and how they end.

use scangate::config::{Config, Language};
use serde_json::Value;

use super::{Stage, is_ok, is_refused};
use crate::support::{Call, Fault, Phone, Request};

fn english(config: &mut Config) {
    config.wechat.language = Language::En;
}

/// The token in what the account says.
fn token_in(said: &str) -> String {
    let (_, rest) = said.split_once("https://www.iyuu.cn/").expect("an address");
    rest.strip_suffix(".send").expect("at the end").to_owned()
}

async fn is_told(phone: &Phone, text: &str) -> Option<String> {
    phone.reads(&phone.writes(text).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_is_written_to_no_more() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    is_ok(&stage.sends(&token, "text=x").await);
    let answer = ann.sends(&ann.event("unsubscribe", "", "")).await;
    assert_eq!((answer.status, answer.text()), (200, "success"));
    is_refused(&stage.sends(&token, "text=y").await, 404, "token_unknown");
    // Following again brings nothing back; another scan does.
    ann.sends(&ann.event("subscribe", "", "")).await;
    is_refused(&stage.sends(&token, "text=y").await, 404, "token_unknown");
    let another = stage.token_of(&ann).await;
    assert_ne!(another, token);
    is_ok(&stage.sends(&another, "text=y").await);
    is_refused(&stage.sends(&token, "text=y").await, 404, "token_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_waits_when_its_token_ends_is_not_sent() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let token = stage.token_of(&ann).await;
    // As many as one attempt makes by itself.
    for _ in 0..3 {
        stage.platform.next(Call::Template, Fault::Errcode(-1));
    }
    stage.sent(&token, "text=x").await;
    let failed = r#"scangate_wechat_calls_total{endpoint="template_send",result="retry"}"#;
    stage.gateway.has(failed, 3.0).await;
    ann.sends(&ann.event("unsubscribe", "", "")).await;
    let revoked = r#"scangate_message_states_total{state="revoked"}"#;
    stage.gateway.has(revoked, 1.0).await;
    assert_eq!(stage.platform.messages(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_sees_renews_and_revokes_it_in_the_chat() {
    let stage = Stage::with(english).await;
    let ann = stage.phone("ann");
    let none = "You have no token. Scan the code on the web page to get one.";
    assert_eq!(is_told(&ann, "token").await.as_deref(), Some(none));
    assert_eq!(is_told(&ann, "renew").await.as_deref(), Some(none));
    assert_eq!(is_told(&ann, "Revoke").await.as_deref(), Some(none));
    let first = stage.token_of(&ann).await;
    assert_eq!(token_in(&is_told(&ann, " Token ").await.unwrap()), first);

    let second = token_in(&is_told(&ann, "新Token").await.unwrap());
    assert_ne!(second, first);
    is_refused(&stage.sends(&first, "text=x").await, 404, "token_unknown");
    is_ok(&stage.sends(&second, "text=x").await);
    assert_eq!(stage.token_of(&ann).await, second);

    let said = is_told(&ann, "REVOKE").await.unwrap();
    assert_eq!(said, "Your token is void. Scan a code to get another one.");
    is_refused(&stage.sends(&second, "text=y").await, 404, "token_unknown");
    assert_eq!(is_told(&ann, "hello").await, None);
    assert_eq!(is_told(&ann, "token please").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_sends_nothing_says_nothing() {
    let stage = Stage::with(|config| config.wechat.template_id = None).await;
    assert_eq!(is_told(&stage.phone("ann"), "token").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_callback_renews_once() {
    let stage = Stage::with(english).await;
    let ann = stage.phone("ann");
    stage.token_of(&ann).await;
    let text =
        ann.message("<MsgType>text</MsgType><Content><![CDATA[renew]]></Content><MsgId>77</MsgId>");
    let token = token_in(&ann.reads(&ann.sends(&text).await).unwrap());
    assert_eq!(ann.sends(&text).await.text(), "success");
    is_ok(&stage.sends(&token, "text=x").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_renews_it_too() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let first = stage.token_of(&ann).await;
    let code = stage.gateway.qrcode("renew").await;
    let mut page = stage.gateway.page().await;
    page.binds(&code).await;
    ann.scans(&code).await;
    page.hears(&code.event(r#""cmd":"scan""#)).await;
    let json: Value = serde_json::from_str(&page.next().await).unwrap();
    let second = json["token"].as_str().unwrap();
    assert_eq!(json["url"], format!("https://www.iyuu.cn/{second}.send"));
    assert_ne!(second, first);
    is_refused(&stage.sends(&first, "text=x").await, 404, "token_unknown");
    is_ok(&stage.sends(second, "text=x").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_renews_and_revokes_it_by_the_api() {
    let stage = Stage::opens().await;
    let ann = stage.phone("ann");
    let path = format!("/api/v1/people/{}/token", ann.openid);
    let tells = async |method| stage.gateway.tells(Request::new(method, &path)).await;
    assert_eq!(tells("POST").await.error(404), "person_unknown");
    assert_eq!(tells("DELETE").await.error(404), "no_token");
    let first = stage.token_of(&ann).await;
    let renewed = tells("POST").await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let second = renewed.json()["token"].as_str().unwrap().to_owned();
    let url = format!("https://www.iyuu.cn/{second}.send");
    assert_eq!(renewed.json()["url"], url);
    is_refused(&stage.sends(&first, "text=x").await, 404, "token_unknown");
    is_ok(&stage.sends(&second, "text=x").await);
    assert_eq!(tells("DELETE").await.status, 204);
    is_refused(&stage.sends(&second, "text=x").await, 404, "token_unknown");
    assert_eq!(tells("DELETE").await.error(404), "no_token");
    assert_eq!(tells("GET").await.error(405), "method_not_allowed");
}
