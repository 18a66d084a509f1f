//! Somebody who sends messages with a person's token, and asks what became of them.

use serde_json::Value;

use super::{Gateway, Phone, Request, Response, eventually};

/// Whoever has the token.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The send token.
    pub token: String,
}

impl Sender {
    /// Has the token that a person's scan shows; the page may be at another node than the phone.
    pub async fn by_scan(node: &Gateway, phone: &Phone) -> Sender {
        Sender::by_scan_for(node, phone, "token").await
    }

    /// Has the token that a scan for `token` or `renew` shows.
    pub async fn by_scan_for(node: &Gateway, phone: &Phone, action: &str) -> Sender {
        let code = node.qrcode(action).await;
        let mut page = node.page().await;
        page.binds(&code).await;
        phone.scans(&code).await;
        page.hears(&code.event(r#""cmd":"scan""#)).await;
        Sender::of(&page.next().await)
    }

    /// Has the token of an event.
    pub fn of(event: &str) -> Sender {
        let json: Value = serde_json::from_str(event).unwrap();
        let token = json["token"].as_str().expect(event).to_owned();
        Sender { token }
    }

    /// The answer to `GET /{token}.send?{query}`.
    pub async fn asks(&self, node: &Gateway, query: &str) -> Response {
        let path = format!("/{}.send?{query}", self.token);
        node.answers(Request::get(&path)).await
    }

    /// Sends, which must be taken; the message's id.
    pub async fn sends(&self, node: &Gateway, query: &str) -> String {
        let answer = self.asks(node, query).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["data"]["msgid"].as_str().unwrap().to_owned()
    }

    /// Whether the token stands at a node.
    pub async fn stands(&self, node: &Gateway) -> bool {
        // A message that never was is unknown to everybody, a void token too.
        let path = format!("/{}.send/{}", self.token, "0".repeat(32));
        let answer = node.answers(Request::get(&path)).await.json();
        answer["errmsg"] == "message_unknown"
    }

    /// What is told of a message.
    pub async fn is_told(&self, node: &Gateway, id: &str) -> Value {
        let path = format!("/{}.send/{id}", self.token);
        let answer = node.answers(Request::get(&path)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["data"].clone()
    }

    /// Waits until a message is in this state, for this reason.
    pub async fn hears(&self, node: &Gateway, id: &str, state: &str, reason: Option<&str>) {
        let expected = (Value::from(state), Value::from(reason));
        eventually("the message", expected, async || {
            let told = self.is_told(node, id).await;
            (told["state"].clone(), told["reason"].clone())
        })
        .await;
    }
}
