//! What a page was given for its code, and the lines that others make of it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use scangate::session::hex;
use serde_json::{Value, json};
use sha2::Sha256;

use super::Request;

/// A code, as `/qrcode` or the sessions API answered.
#[derive(Clone, Debug)]
pub struct Code {
    /// The whole reply, as it came.
    pub text: String,
    /// The number.
    pub uid: u32,
    /// What a publisher must know.
    pub ticket: String,
}

impl Code {
    /// Has a session put on record as another system would, at the node whose operators ask there;
    /// `members` are more than uid and ticket: `,"key":true`.
    pub async fn registered(ops: SocketAddr, members: &str) -> Code {
        static NEXT: AtomicU32 = AtomicU32::new(1_735_536_450);
        let uid = NEXT.fetch_add(1, Ordering::Relaxed);
        let body = format!(r#"{{"uid":{uid},"ticket":"gQH4+/{uid}=="{members}}}"#);
        let reply = Request::post("/api/v1/sessions", body).to(ops).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        Code::from_reply(reply.text())
    }

    /// Reads the reply.
    pub fn from_reply(text: &str) -> Code {
        let json: Value = serde_json::from_str(text).unwrap();
        Code {
            uid: u32::try_from(json["uid"].as_u64().unwrap()).unwrap(),
            ticket: json["ticket"].as_str().unwrap().to_owned(),
            text: text.to_owned(),
        }
    }

    /// A code that somebody else issued.
    pub fn foreign(uid: u32, ticket: &str) -> Code {
        Code::from_reply(&format!(
            r#"{{"ticket":"{ticket}","expire_seconds":120,"uid":{uid}}}"#
        ))
    }

    /// The reply with more members at its end.
    pub fn with(&self, members: &str) -> String {
        let open = self.text.trim_end().strip_suffix('}').unwrap();
        format!("{open},{members}}}")
    }

    /// The bind with a claim to the group `room:7`, as the operator's backend signs it.
    pub fn claims(&self, uid: u32, exp: u64, secret: &str) -> String {
        let payload = json!({ "uid": uid, "groups": ["room:7"], "exp": exp }).to_string();
        let payload = URL_SAFE_NO_PAD.encode(payload);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(payload.as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        self.with(&format!(r#""join":"{payload}.{signature}""#))
    }

    /// The bind of a page that wants the events after `id`.
    pub fn since(&self, id: &str) -> String {
        self.with(&format!(r#""since":"{id}""#))
    }

    /// The line that publishes these members.
    pub fn event(&self, members: &str) -> String {
        let Code { uid, ticket, .. } = self;
        format!(r#"{{"uid":{uid},"ticket":"{ticket}",{members}}}"#)
    }

    /// The line that publishes event number `n`.
    pub fn nth(&self, n: usize) -> String {
        self.event(&format!(r#""n":{n}"#))
    }
}
