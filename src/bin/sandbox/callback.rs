//! Writes callbacks as the platform does: XML, signed, encrypted by the mode; and, asked to, not quite so.

use scangate::wechat::callback::Mode;
use scangate::wechat::query::encode;
use scangate::wechat::reply::element;
use scangate::wechat::signature::sign;
use serde::Deserialize;

use crate::codes;
use crate::random;
use crate::settings::Settings;

/// Something that happened, about to be told to the gateway.
pub struct Event {
    pub openid: &'static str,
    /// Unix seconds.
    pub create_time: u64,
    pub what: What,
}

/// What happened.
pub enum What {
    Scan {
        scene: String,
        ticket: String,
        /// The scan also made the person follow.
        subscribes: bool,
    },
    Follow,
    Unfollow,
    Say {
        content: String,
        msg_id: u64,
    },
    TemplateJob {
        msg_id: u64,
        status: &'static str,
    },
}

/// How a callback is falsified.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// Not at all.
    #[default]
    None,
    /// It names another ticket.
    Ticket,
    /// It names no ticket.
    NoTicket,
    /// One digit of the signature is wrong.
    Signature,
    /// It is an hour old, by its own signed timestamp.
    Stale,
    /// It is good, and sent a second time.
    Replay,
    /// It is addressed to another account.
    OtherAccount,
    /// It is plain where it should be encrypted: what somebody could make who saw one query string.
    Plain,
}

/// A callback ready to be posted.
#[derive(Clone)]
pub struct Letter {
    pub query: String,
    pub body: String,
}

/// Writes the callback that tells `event` at `now`, unix seconds.
pub fn compose(settings: &Settings, event: &Event, tamper: Tamper, now: u64) -> Letter {
    let message = message(settings, event, tamper);
    let timestamp = match tamper {
        Tamper::Stale => now - 3600,
        _ => now,
    }
    .to_string();
    let nonce = random::below(2_000_000_000).to_string();
    let sealed = settings.mode != Mode::Plain && tamper != Tamper::Plain;
    let token = settings.token.as_str();

    let mut signature = sign(&[token, &timestamp, &nonce]);
    if tamper == Tamper::Signature {
        signature = spoil(&signature);
    }
    let mut query = format!(
        "signature={signature}&timestamp={timestamp}&nonce={nonce}&openid={}",
        encode(event.openid)
    );
    if !sealed {
        return Letter {
            query,
            body: format!("<xml>{message}</xml>"),
        };
    }
    let encrypt = settings
        .cipher()
        .encrypt(&format!("<xml>{message}</xml>"), random::bytes());
    let mut msg_signature = sign(&[token, &timestamp, &nonce, &encrypt]);
    if tamper == Tamper::Signature {
        msg_signature = spoil(&msg_signature);
    }
    query.push_str("&encrypt_type=aes&msg_signature=");
    query.push_str(&msg_signature);
    let plain = match settings.mode {
        Mode::Compat => message,
        _ => element("ToUserName", &settings.original_id),
    };
    Letter {
        query,
        body: format!("<xml>{plain}{}</xml>", element("Encrypt", &encrypt)),
    }
}

/// The fields of the message, without the root.
fn message(settings: &Settings, event: &Event, tamper: Tamper) -> String {
    let to = match tamper {
        Tamper::OtherAccount => "gh_000000000000",
        _ => settings.original_id.as_str(),
    };
    let rest = match &event.what {
        What::Scan {
            scene,
            ticket,
            subscribes,
        } => {
            let ticket = match tamper {
                Tamper::NoTicket => String::new(),
                Tamper::Ticket => {
                    element("Ticket", &codes::ticket("http://other.example/q/", 0, 60))
                }
                _ => element("Ticket", ticket),
            };
            let (event, key) = if *subscribes {
                ("subscribe", format!("qrscene_{scene}"))
            } else {
                ("SCAN", scene.clone())
            };
            self::event(event) + &element("EventKey", &key) + &ticket
        }
        What::Follow => self::event("subscribe") + &element("EventKey", ""),
        What::Unfollow => self::event("unsubscribe") + &element("EventKey", ""),
        What::Say { content, msg_id } => {
            let text = element("MsgType", "text") + &element("Content", content);
            format!("{text}<MsgId>{msg_id}</MsgId>")
        }
        What::TemplateJob { msg_id, status } => {
            let job = self::event("TEMPLATESENDJOBFINISH");
            format!("{job}<MsgID>{msg_id}</MsgID>{}", element("Status", status))
        }
    };
    format!(
        "{}{}<CreateTime>{}</CreateTime>{rest}",
        element("ToUserName", to),
        element("FromUserName", event.openid),
        event.create_time,
    )
}

fn event(name: &str) -> String {
    element("MsgType", "event") + &element("Event", name)
}

/// The signature with its last digit changed.
fn spoil(signature: &str) -> String {
    let (head, last) = signature.split_at(signature.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

#[cfg(test)]
mod tests {
    use scangate::wechat::callback::{Account, Gate};
    use scangate::wechat::event::{Kind, Push};

    use super::*;

    fn scan() -> Event {
        Event {
            openid: "oMei-sandbox-0a1B2c3D4e5F6g7",
            create_time: 5000,
            what: What::Scan {
                scene: "42".to_owned(),
                ticket: "gQ+/=".to_owned(),
                subscribes: true,
            },
        }
    }

    /// What a gateway with the same settings makes of it.
    fn opened(mode: Mode, event: &Event, tamper: Tamper) -> Result<Push, &'static str> {
        let settings = Settings {
            mode,
            ..Settings::sample()
        };
        let account = Account {
            app_id: settings.app_id.clone(),
            original_id: Some(settings.original_id.clone()),
            tokens: vec![settings.token.clone()],
            aes_keys: vec![settings.encoding_aes_key.clone()],
        };
        let letter = compose(&settings, event, tamper, 5000);
        Gate::new(&account, mode)
            .unwrap()
            .open(&letter.query, letter.body.as_bytes(), 5000)
            .map_err(|refusal| refusal.label())
    }

    #[test]
    fn every_mode_is_understood() {
        for mode in [Mode::Plain, Mode::Compat, Mode::Safe] {
            let push = opened(mode, &scan(), Tamper::None).unwrap();
            assert_eq!(
                push.kind,
                Kind::Scan {
                    scene: "42".to_owned(),
                    ticket: Some("gQ+/=".to_owned()),
                    subscribed: true
                }
            );
            assert_eq!(push.from.as_str(), "oMei-sandbox-0a1B2c3D4e5F6g7");
        }
    }

    #[test]
    fn every_falsification_is_one() {
        let refused = |tamper| opened(Mode::Safe, &scan(), tamper).unwrap_err();
        assert_eq!(refused(Tamper::Signature), "bad_signature");
        assert_eq!(refused(Tamper::Stale), "stale");
        assert_eq!(refused(Tamper::OtherAccount), "wrong_account");
        assert_eq!(refused(Tamper::Plain), "plaintext_refused");
        for tamper in [Tamper::Ticket, Tamper::NoTicket] {
            let push = opened(Mode::Safe, &scan(), tamper).unwrap();
            let Kind::Scan { ticket, .. } = push.kind else {
                panic!("not a scan");
            };
            assert_ne!(ticket.as_deref(), Some("gQ+/="));
            assert_eq!(ticket.is_none(), tamper == Tamper::NoTicket);
        }
    }
}
