//! A browser page: a websocket with the manners of a browser and the words of the contract.

use serde_json::Value;

use super::code::Code;
use super::websocket::{CLOSE, PING, PONG, TEXT};
use super::{Frame, Websocket, masked};

/// One page.
pub struct Page {
    websocket: Websocket,
}

impl Page {
    /// The page behind an open websocket.
    pub fn behind(websocket: Websocket) -> Page {
        Page { websocket }
    }

    /// Sends a message.
    pub async fn says(&mut self, text: &str) {
        self.websocket.says(text).await;
    }

    /// Binds itself to a code as the original's page does, with the reply as it came.
    pub async fn binds(&mut self, code: &Code) {
        self.says(&code.text).await;
        self.hears(&code.text).await;
    }

    /// Binds itself with one more member, `"since"`; an empty one asks for everything.
    pub async fn binds_since(&mut self, code: &Code, since: &str) {
        let text = code.since(since);
        self.says(&text).await;
        self.hears(&text).await;
    }

    /// Waits for the next message, which must be this one, byte for byte.
    pub async fn hears(&mut self, text: &str) {
        assert_eq!(self.next().await, text);
    }

    /// The next message.
    pub async fn next(&mut self) -> String {
        let frame = self.frame().await;
        assert_eq!(frame.head, TEXT, "{frame:?}");
        frame.text().to_owned()
    }

    /// The next message, an event with an id as its last member: the event without, and the id.
    pub async fn next_with_id(&mut self) -> (String, String) {
        let text = self.next().await;
        let (event, id) = text
            .rsplit_once(r#","event_id":""#)
            .unwrap_or_else(|| panic!("no event_id in {text}"));
        let id = id.strip_suffix("\"}").expect("event_id is the last member");
        (format!("{event}}}"), id.to_owned())
    }

    /// Waits for an error of this code.
    pub async fn is_refused(&mut self, code: &str) {
        let text = self.next().await;
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(error["cmd"], "error", "{text}");
        assert_eq!(error["code"], code, "{text}");
        assert!(error["message"].is_string(), "{text}");
    }

    /// Makes sure that nothing was sent to it but what it has heard: the next is the answer to a
    /// question of its own.
    pub async fn hears_nothing(&mut self) {
        self.says(r#"{"cmd":"ping","pong":true}"#).await;
        self.hears(r#"{"cmd":"pong"}"#).await;
    }

    /// Waits for the end of the connection with `code`, and lets no message pass; returns the reason.
    pub async fn is_closed_with(&mut self, code: u16) -> String {
        let frame = self.frame().await;
        assert_eq!(frame.head, CLOSE, "{frame:?}");
        assert_eq!(frame.close_code(), Some(code), "{frame:?}");
        frame.text_of_reason()
    }

    /// Leaves as a closed tab does: a goodbye, and the gateway's in return.
    pub async fn leaves(mut self) {
        let goodbye = masked(CLOSE, &1001_u16.to_be_bytes());
        self.websocket.wire.sends(goodbye).await;
        self.websocket.is_closed_with(1001).await;
    }

    /// The websocket below.
    pub fn websocket(&mut self) -> &mut Websocket {
        &mut self.websocket
    }

    /// The next frame that is no ping; pings are answered.
    async fn frame(&mut self) -> Frame {
        loop {
            let frame = self.websocket.frame().await;
            let frame = frame.expect("a frame before the connection ends");
            if frame.head != PING {
                return frame;
            }
            let pong = masked(PONG, &frame.payload);
            // The gateway may have gone since.
            let _ = self.websocket.wire.tries_to_send(pong).await;
        }
    }
}

impl Frame {
    fn text_of_reason(&self) -> String {
        std::str::from_utf8(&self.payload[2..]).unwrap().to_owned()
    }
}
