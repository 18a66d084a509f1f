//! A person with WeChat: what the platform tells the gateway when they scan, follow or write.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use scangate::config::{Config, Mode, Secret};
use scangate::wechat::cipher::Cipher;
use scangate::wechat::{signature, xml};

use super::{Code, Gateway, Request, Response};

/// The account of all tests.
pub const APP_ID: &str = "wx0123456789abcdef";
/// What buys its access token.
pub const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What signs its callbacks.
pub const TOKEN: &str = "callbacktoken";
/// What encrypts them: the last symbol has stray bits, as three keys in four.
pub const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
/// Whom they are addressed to.
pub const ORIGINAL_ID: &str = "gh_0123456789ab";

const NONCE: &str = "1320562132";

/// One person at one gateway.
pub struct Phone {
    callback: SocketAddr,
    mode: Mode,
    /// Who they are.
    pub openid: String,
}

impl Phone {
    /// Somebody whose account sends plain callbacks.
    pub fn of(gateway: &Gateway, name: &str) -> Phone {
        Phone::at(gateway.public(), name)
    }

    /// The same, by the address of the gateway.
    pub fn at(callback: SocketAddr, name: &str) -> Phone {
        Phone {
            callback,
            mode: Mode::Plain,
            openid: format!("o6_bmjrPTlm6_2sgVt7hMZO{name:_>5}"),
        }
    }

    /// The account sends its callbacks in `mode`.
    pub fn in_mode(self, mode: Mode) -> Phone {
        Phone { mode, ..self }
    }

    /// Scans a code as a follower.
    pub async fn scans(&self, code: &Code) -> Response {
        self.sends(&self.scan(code.uid, &code.ticket)).await
    }

    /// Scans a code, and so becomes a follower.
    pub async fn follows(&self, code: &Code) -> Response {
        let key = format!("qrscene_{}", code.uid);
        self.sends(&self.event("subscribe", &key, &code.ticket))
            .await
    }

    /// Writes a text into the chat.
    pub async fn writes(&self, text: &str) -> Response {
        let fields = format!(
            "<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>{}</MsgId>",
            next_second()
        );
        self.sends(&self.message(&fields)).await
    }

    /// What the platform says of a scan.
    pub fn scan(&self, uid: u32, ticket: &str) -> String {
        self.event("SCAN", &uid.to_string(), ticket)
    }

    /// What the platform says of an event with a code.
    pub fn event(&self, event: &str, key: &str, ticket: &str) -> String {
        self.message(&format!(
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>\
             <EventKey><![CDATA[{key}]]></EventKey><Ticket><![CDATA[{ticket}]]></Ticket>"
        ))
    }

    /// A message with these fields besides the common ones; each at a second of its own, as the
    /// platform tells events of a person apart by their time.
    pub fn message(&self, fields: &str) -> String {
        format!(
            "<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName>\
             <FromUserName><![CDATA[{}]]></FromUserName>\
             <CreateTime>{}</CreateTime>{fields}</xml>",
            self.openid,
            next_second()
        )
    }

    /// Sends a message as the mode has it.
    pub async fn sends(&self, xml: &str) -> Response {
        self.envelope(xml, now()).to(self.callback).await
    }

    /// The request that brings a message, signed at `timestamp`.
    pub fn envelope(&self, xml: &str, timestamp: u64) -> Request {
        let timestamp = timestamp.to_string();
        let signed = signature::sign(&[TOKEN, &timestamp, NONCE]);
        let query = format!(
            "signature={signed}&timestamp={timestamp}&nonce={NONCE}&openid={}",
            self.openid
        );
        if self.mode == Mode::Plain {
            return Request::post(&format!("/wechat?{query}"), xml)
                .header("Content-Type", "text/xml");
        }
        let sealed = cipher().encrypt(xml, [7; 16]);
        let signed = signature::sign(&[TOKEN, &timestamp, NONCE, &sealed]);
        let query = format!("{query}&encrypt_type=aes&msg_signature={signed}");
        let mut body = format!("<xml><ToUserName>{ORIGINAL_ID}</ToUserName></xml>");
        if self.mode == Mode::Compat {
            // The plain fields come too. Nobody has signed them, so they lie: who believes them
            // finds no session.
            body = self.scan(1, "gQlie");
        }
        let encrypt = format!("<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>");
        let body = body.replace("</xml>", &encrypt);
        Request::post(&format!("/wechat?{query}"), body).header("Content-Type", "text/xml")
    }

    /// What the answer to a callback shows in the chat; none where it is `success`.
    pub fn reads(&self, answer: &Response) -> Option<String> {
        assert_eq!(answer.status, 200, "{}", answer.text());
        if answer.text() == "success" {
            return None;
        }
        let fields = xml::fields(&answer.body).unwrap();
        let sealed = fields.get("Encrypt").map(|sealed| {
            let (stamp, nonce) = (fields.get("TimeStamp"), fields.get("Nonce"));
            let parts = [TOKEN, stamp.unwrap(), nonce.unwrap(), sealed];
            assert_eq!(fields.get("MsgSignature").unwrap(), signature::sign(&parts));
            cipher().decrypt(sealed).unwrap()
        });
        assert_eq!(sealed.is_some(), self.mode != Mode::Plain);
        let opened = sealed.map(|text| xml::fields(text.as_bytes()).unwrap());
        let fields = opened.unwrap_or(fields);
        assert_eq!(fields.get("ToUserName"), Some(self.openid.as_str()));
        assert_eq!(fields.get("FromUserName"), Some(ORIGINAL_ID));
        assert_eq!(fields.get("MsgType"), Some("text"));
        Some(fields.get("Content").expect("a text").to_owned())
    }
}

/// Gives a gateway the key of the encrypted modes.
pub fn encrypts(config: &mut Config, mode: Mode) {
    config.wechat.encoding_aes_key = Some(Secret::new(AES_KEY));
    config.wechat.mode = Some(mode);
}

/// The gateway's clock, unix seconds.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn cipher() -> Cipher {
    Cipher::new(AES_KEY, APP_ID).unwrap()
}

fn next_second() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    now() - 100 + NEXT.fetch_add(1, Ordering::Relaxed)
}
