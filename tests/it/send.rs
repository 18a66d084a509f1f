//! `.send`: who may send, what arrives, what became of it, and for how much of that there is room.

mod accept;
mod fate;
mod limits;
mod page;
mod token;
mod void;

use scangate::config::Config;
use serde_json::Value;

use crate::support::{Gateway, Phone, Platform, Request, Response, Sender, eventually};

/// A gateway whose people are reached through a platform.
pub struct Stage {
    pub gateway: Gateway,
    pub platform: Platform,
}

impl Stage {
    pub async fn opens() -> Stage {
        Stage::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Stage {
        let platform = Platform::start().await;
        let gateway = Gateway::with(|config| {
            platform.serves(config);
            config.public.url = Some("https://www.iyuu.cn".to_owned());
            change(config);
        })
        .await;
        Stage { gateway, platform }
    }

    /// Somebody with a phone.
    pub fn phone(&self, name: &str) -> Phone {
        Phone::of(&self.gateway, name)
    }

    /// The token that a person's scan shows.
    pub async fn token_of(&self, phone: &Phone) -> String {
        Sender::by_scan(&self.gateway, phone).await.token
    }

    /// The answer to `GET /{token}.send?{query}`.
    pub async fn sends(&self, token: &str, query: &str) -> Response {
        let path = format!("/{token}.send?{query}");
        self.gateway.answers(Request::get(&path)).await
    }

    /// Sends; the message's id.
    pub async fn sent(&self, token: &str, query: &str) -> String {
        let answer = self.sends(token, query).await;
        is_ok(&answer);
        answer.json()["data"]["msgid"].as_str().unwrap().to_owned()
    }

    /// What the sender is told of a message.
    pub async fn tells(&self, token: &str, id: &str) -> Value {
        let path = format!("/{token}.send/{id}");
        let answer = self.gateway.answers(Request::get(&path)).await;
        is_ok(&answer);
        answer.json()["data"].clone()
    }

    /// Waits until a message is in this state, for this reason.
    pub async fn becomes(&self, token: &str, id: &str, state: &str, reason: Option<&str>) {
        let expected = (Value::from(state), Value::from(reason));
        eventually("the message", expected, async || {
            let told = self.tells(token, id).await;
            (told["state"].clone(), told["reason"].clone())
        })
        .await;
    }
}

#[track_caller]
pub fn is_ok(answer: &Response) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    assert_eq!(
        (&json["errcode"], &json["errmsg"]),
        (&0.into(), &"ok".into())
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
}

/// Checks that a request was refused with this status and word.
#[track_caller]
pub fn is_refused(answer: &Response, status: u16, word: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let json = answer.json();
    assert_eq!(json["errmsg"], word);
    assert!(json["errcode"].as_u64().unwrap() > 1000);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
