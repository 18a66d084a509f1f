//! What the backend answers: `{"event":{…},"say":"…"}`, both optional; anything else means
//! that it has nothing to add.

use serde::Deserialize;

use crate::message::Body;

/// An answer, read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    /// For the page; uid and ticket are the gateway's to add.
    #[serde(default)]
    pub event: Option<Body>,
    /// For the chat; only while it waits.
    #[serde(default)]
    pub say: Option<String>,
}

/// The longest text that the platform takes in an answer, in bytes.
const SAY_BYTES: usize = 2048;

impl Answer {
    /// Reads the body of an answer; the error is for the log.
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        // Many a backend just says `ok`.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Ok(Self::default());
        }
        let mut answer: Self = serde_json::from_slice(body)?;
        if let Some(say) = &mut answer.say {
            say.truncate(say.floor_char_boundary(SAY_BYTES));
        }
        answer.say = answer.say.filter(|say| !say.trim().is_empty());
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_adds_nothing() {
        for body in ["", "ok", "[1]", "{}", r#"{"event":null,"say":" "}"#] {
            let answer = Answer::parse(body.as_bytes()).unwrap();
            assert!(answer.event.is_none() && answer.say.is_none(), "{body}");
        }
        assert!(Answer::parse(b"{").is_err());
        for body in [r#"{"say":1}"#, r#"{"event":7}"#, r#"{"event":{"uid":7}}"#] {
            assert!(Answer::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_two_letters() {
        let body = format!(r#"{{"say":"{}"}}"#, "好".repeat(1000));
        let say = Answer::parse(body.as_bytes()).unwrap().say.unwrap();
        assert_eq!(say.len(), 2046);
    }
}
