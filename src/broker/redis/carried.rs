//! What a session's channel carries: `ID BEFORE MARKTEXT`, the event's id, that of the one before it,
//! how far it brings the session, and the JSON text. A scan's event has its age before the text:
//! `ID BEFORE sMILLISECONDS TEXT`.

use std::time::Duration;

use crate::broker::Retained;

/// An event on its way to the nodes that hold its uid.
pub(super) struct Carried {
    pub event: Retained,
    pub mark: u8,
    /// How old the scan was that it tells of, when it was published.
    pub age: Option<Duration>,
}

impl Carried {
    pub fn read(message: &[u8]) -> Option<Self> {
        let mut words = message.splitn(3, |byte| *byte == b' ');
        let mut id = || std::str::from_utf8(words.next()?).ok()?.parse().ok();
        let (id, before) = (id()?, id()?);
        let (mark, mut text) = words.next()?.split_first()?;
        let mut age = None;
        if *mark == b's' {
            let end = text.iter().position(|byte| *byte == b' ')?;
            let millis = std::str::from_utf8(&text[..end]).ok()?;
            age = millis.parse().map(Duration::from_millis).ok();
            text = &text[end + 1..];
        }
        Some(Self {
            event: Retained::new(id, before, text),
            mark: *mark,
            age,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    #[test]
    fn a_scan_has_its_age_and_a_text_its_spaces() {
        for (message, mark, age, text) in [
            ("5-0 4-0 - {\"a\": 1} ", b'-', None, " {\"a\": 1} "),
            ("5-0 0-0 d{}", b'd', None, "{}"),
            ("5-0 0-0 s120 {}", b's', Some(120), "{}"),
            ("5-0 0-0 s {}", b's', None, "{}"),
        ] {
            let carried = Carried::read(message.as_bytes()).unwrap();
            assert_eq!(
                (carried.mark, carried.age),
                (mark, age.map(Duration::from_millis))
            );
            assert_eq!(carried.event.frame, frame::text_frame(text.as_bytes()));
        }
        for broken in ["", "5-0", "5-0 4-0", "5-0 4-0 ", "5 4 -{}", "5-0 4-0 s{}"] {
            assert!(Carried::read(broken.as_bytes()).is_none(), "{broken}");
        }
    }
}
