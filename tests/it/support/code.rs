//! What a page was given for its code, and the lines that others make of it.

use serde_json::Value;

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
