//! A page as the real one is: binds with `since`, and again wherever it can when it is dropped.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::browser::Browser;
use super::websocket::{CLOSE, PING, PONG, TEXT};
use super::{Code, Habits, Websocket, Wire, becomes, masked, passes};

/// What a page has seen.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The numbers of the events, in the order in which they came.
    pub events: Vec<usize>,
    /// The id of the newest.
    pub since: String,
    /// Binds that were echoed.
    pub binds: usize,
    /// How many of them have caught up since.
    pub settled: usize,
    /// Binds that were answered `unavailable`.
    pub unavailable: usize,
    /// Notices of a gap.
    pub gaps: usize,
    /// Connections that ended, with their codes.
    pub ends: Vec<Option<u16>>,
    /// From the end of a connection to the next echo of a bind; a browser's page notes them.
    pub absences: Vec<Duration>,
    /// Whatever else it was told.
    pub odd: Vec<String>,
}

/// What a page waits before it tries again.
const BACKOFF: Duration = Duration::from_millis(100);

/// A running page. Leaves when it is dropped.
pub struct Reader {
    heard: watch::Receiver<Heard>,
    task: JoinHandle<()>,
}

impl Reader {
    /// Begins to follow `code` at the first of `nodes`; when it is dropped it goes to the next.
    pub fn starts(nodes: Vec<SocketAddr>, code: Code) -> Reader {
        let (notes, heard) = watch::channel(Heard::default());
        let task = tokio::spawn(async move {
            for node in nodes.iter().cycle() {
                // A node that is not there is passed by.
                if TcpStream::connect(node).await.is_ok() {
                    follow(*node, &code, &notes).await;
                }
                passes(BACKOFF).await;
            }
        });
        Reader { heard, task }
    }

    /// Begins to follow `code` at one address, with the manners of a browser's page.
    pub fn browses(address: SocketAddr, code: Code, habits: Habits) -> Reader {
        let (notes, heard) = watch::channel(Heard::default());
        let task = tokio::spawn(Browser::new(address, code, habits, notes).stays());
        Reader { heard, task }
    }

    /// What it has seen so far.
    pub fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// Waits until it has seen event `n`; how long that took.
    pub async fn hears(&self, n: usize, patience: Duration) -> Duration {
        self.sees("an event", patience, |heard| heard.events.contains(&n))
            .await
    }

    /// Waits until it has seen event `n` or a later one; how long that took.
    pub async fn hears_from(&self, n: usize, patience: Duration) -> Duration {
        let is_good = |heard: &Heard| heard.events.last().is_some_and(|&last| last >= n);
        self.sees("an event", patience, is_good).await
    }

    /// Waits until it has been bound so often, and has caught up.
    pub async fn is_bound(&self, times: usize, patience: Duration) -> Duration {
        self.sees("a bind", patience, |heard| heard.settled >= times)
            .await
    }

    async fn sees(
        &self,
        what: &str,
        patience: Duration,
        is_good: impl Fn(&Heard) -> bool,
    ) -> Duration {
        let heard = async || {
            assert!(!self.task.is_finished(), "the page has failed");
            let mut heard = self.heard();
            if is_good(&heard) {
                return (true, heard);
            }
            let tail = heard.events.len().saturating_sub(5);
            heard.events.drain(..tail);
            (false, heard)
        };
        becomes(patience, what, heard, |answer| answer.0).await
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Follows the events at one node to the end of the connection.
async fn follow(node: SocketAddr, code: &Code, notes: &watch::Sender<Heard>) {
    let wire = Wire::connect(node).await;
    let mut websocket = match Websocket::knock(wire, &Websocket::request("/")).await {
        Ok(websocket) => websocket,
        Err(refusal) => {
            let odd = format!("{refusal:?}");
            notes.send_modify(|heard| heard.odd.push(odd));
            return;
        }
    };
    let bind = || code.since(&notes.borrow().since);
    let mut echo = bind();
    websocket.says(&echo).await;
    while let Some(frame) = websocket.frame().await {
        match frame.head {
            TEXT if frame.text() == echo => {
                notes.send_modify(|heard| heard.binds += 1);
                // Heard only when the bind is through with everything.
                websocket.says(r#"{"cmd":"ping","pong":true}"#).await;
            }
            TEXT => {
                let is_refused = notes.borrow().unavailable;
                note(code, frame.text(), notes);
                if notes.borrow().unavailable > is_refused {
                    passes(BACKOFF).await;
                    echo = bind();
                    websocket.says(&echo).await;
                }
            }
            PING => {
                let pong = masked(PONG, &frame.payload);
                let _ = websocket.wire.tries_to_send(pong).await;
            }
            CLOSE => {
                let code = frame.close_code();
                notes.send_modify(|heard| heard.ends.push(code));
                return;
            }
            other => notes.send_modify(|heard| heard.odd.push(format!("frame {other:#x}"))),
        }
    }
    notes.send_modify(|heard| heard.ends.push(None));
}

/// Notes a text that is no echo.
pub(super) fn note(code: &Code, text: &str, notes: &watch::Sender<Heard>) {
    let json: Value = serde_json::from_str(text).unwrap();
    notes.send_modify(|heard| {
        match (
            json["cmd"].as_str(),
            json["n"].as_u64(),
            json["event_id"].as_str(),
        ) {
            (None, Some(n), Some(id)) if json["uid"] == code.uid => {
                heard.events.push(usize::try_from(n).unwrap());
                heard.since = id.to_owned();
            }
            (Some("gap"), ..) => heard.gaps += 1,
            (Some("pong"), ..) => heard.settled = heard.binds,
            (Some("error"), ..) if json["code"] == "unavailable" => heard.unavailable += 1,
            _ => heard.odd.push(text.to_owned()),
        }
    });
}
