//! One thing to tell: the body of the request, the same at each attempt.
//!
//! ```text
//! {"type":"scan","id":"5f0c…","time_ms":1795383429044,"node":"host:2129","data":{"uid":4711,…}}
//! ```

use serde::{Deserialize, Serialize};

use crate::config::HookEvent;
use crate::random;
use crate::session::{Mark, Uid, hex};

/// Something to tell the site's backend.
#[derive(Debug)]
pub(super) struct Post {
    /// What happened.
    pub event: HookEvent,
    /// By which the backend knows it when it is told again.
    pub id: String,
    /// To whom an event of the answer goes…
    pub uid: Uid,
    /// …if this is still the session: the uid may be another's by then.
    pub session: Mark,
    /// The JSON.
    pub body: String,
}

#[derive(Serialize)]
struct Body<'a, D> {
    r#type: HookEvent,
    id: &'a str,
    time_ms: u64,
    node: &'a str,
    data: D,
}

impl Post {
    /// What is told of `event`.
    pub fn new(
        event: HookEvent,
        id: String,
        (uid, session): (Uid, Mark),
        time_ms: u64,
        node: &str,
        data: impl Serialize,
    ) -> Self {
        let body = Body {
            r#type: event,
            id: &id,
            time_ms,
            node,
            data,
        };
        let body = serde_json::to_string(&body).expect("plain data");
        Self {
            event,
            id,
            uid,
            session,
            body,
        }
    }

    /// Reads the body of a scan again, whose id is its session's.
    pub fn parse(body: String) -> Option<Self> {
        #[derive(Deserialize)]
        struct Head {
            r#type: HookEvent,
            id: String,
            data: Data,
        }
        #[derive(Deserialize)]
        struct Data {
            uid: u32,
        }
        let head: Head = serde_json::from_str(&body).ok()?;
        Some(Self {
            event: head.r#type,
            session: head.id.parse().ok()?,
            id: head.id,
            uid: head.data.uid.to_string().parse().ok()?,
            body,
        })
    }
}

/// The id of a session's scan: the same whichever node takes the callback, and however often.
pub(super) fn scan_id(session: Mark) -> String {
    session.to_string()
}

/// An id for what happens once.
pub(super) fn random_id() -> String {
    hex(&random::bytes::<16>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Ticket;

    #[test]
    fn a_body_can_be_read_again() {
        #[derive(Serialize)]
        struct Data {
            uid: u32,
        }
        let uid = "7".parse().unwrap();
        let session = Mark::of(uid, &Ticket::new("t").unwrap());
        let (id, about) = (scan_id(session), (uid, session));
        let post = Post::new(HookEvent::Scan, id, about, 5, "a", Data { uid: 7 });
        let again = Post::parse(post.body.clone()).unwrap();
        assert_eq!(
            (again.event, again.id, again.uid, again.session),
            (post.event, post.id, uid, session)
        );
        assert!(Post::parse("{}".to_owned()).is_none());
    }
}
