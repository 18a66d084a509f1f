//! A page with the manners of `web/scangate.js` and `web/link.js`: it asks whether its connection
//! lives, gives one up that does not answer, and comes back after pauses that grow.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use scangate::random;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::link::Link;
use super::reader::note;
use super::websocket::{CLOSE, PING, PONG, TEXT};
use super::{Code, Frame, Heard, passes};

/// What a page waits for what. The defaults are the real ones.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// From one question whether the connection lives to the next.
    pub ping: Duration,
    /// For the answer, or for a handshake.
    pub answer: Duration,
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            ping: Duration::from_secs(30),
            answer: Duration::from_secs(10),
        }
    }
}

/// The ceiling of the first pause; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(30);

const QUESTION: &str = r#"{"cmd":"ping","pong":true}"#;
const ANSWER: &str = r#"{"cmd":"pong"}"#;

/// A page that follows one code.
pub(super) struct Browser {
    address: SocketAddr,
    code: Code,
    habits: Habits,
    notes: watch::Sender<Heard>,
    /// Connections that brought nothing, one after the other; binds that did not.
    attempts: u32,
    failures: u32,
    /// Since when it has been away.
    away: Option<Instant>,
}

impl Browser {
    pub fn new(
        address: SocketAddr,
        code: Code,
        habits: Habits,
        notes: watch::Sender<Heard>,
    ) -> Browser {
        Browser {
            address,
            code,
            habits,
            notes,
            attempts: 0,
            failures: 0,
            away: None,
        }
    }

    /// Follows the code for ever.
    pub async fn stays(mut self) {
        loop {
            let mut asked = None;
            if let Ok(Ok(link)) = timeout(self.habits.answer, Link::dial(self.address)).await {
                asked = self.follows(link).await;
            }
            passes(asked.unwrap_or_else(|| backoff(&mut self.attempts))).await;
        }
    }

    /// To the end of a connection; the pause that its goodbye asks for.
    async fn follows(&mut self, mut link: Link) -> Option<Duration> {
        let goodbye = self.hears_all(&mut link).await.ok();
        self.away.get_or_insert_with(Instant::now);
        let code = goodbye.as_ref().and_then(Frame::close_code);
        self.notes.send_modify(|heard| heard.ends.push(code));
        let reason = goodbye.filter(|_| code == Some(1001))?.payload.split_off(2);
        let most = std::str::from_utf8(&reason).ok()?.strip_prefix("retry_ms=");
        let Some(Ok(most)) = most.map(str::parse) else {
            self.notes
                .send_modify(|heard| heard.odd.push(format!("goodbye {reason:?}")));
            return None;
        };
        Some(random::part_of(Duration::from_millis(most)))
    }

    /// Binds and hears everything up to the close frame, which it gives.
    async fn hears_all(&mut self, link: &mut Link) -> io::Result<Frame> {
        let mut bind = self.binds(link).await?;
        let mut answer_due = Some(Instant::now() + self.habits.answer);
        let mut ping_due = Instant::now() + self.habits.ping;
        loop {
            let next = answer_due.map_or(ping_due, |due| ping_due.min(due));
            let frame = tokio::select! {
                // What has come by then has come in time.
                biased;
                frame = link.frame() => frame?,
                () = sleep_until(next) => {
                    if answer_due.is_some_and(|due| due <= Instant::now()) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    link.says(TEXT, QUESTION.as_bytes()).await?;
                    ping_due += self.habits.ping;
                    answer_due.get_or_insert(Instant::now() + self.habits.answer);
                    continue;
                }
            };
            match frame.head {
                TEXT => {
                    answer_due = None;
                    self.attempts = 0;
                    if frame.text() == bind {
                        self.is_bound();
                        // Answered only when the bind is through with everything.
                        link.says(TEXT, QUESTION.as_bytes()).await?;
                    } else if self.is_put_off(frame.text()) {
                        passes(backoff(&mut self.failures)).await;
                        bind = self.binds(link).await?;
                    }
                }
                PING => link.says(PONG, &frame.payload).await?,
                CLOSE => return Ok(frame),
                other => self
                    .notes
                    .send_modify(|heard| heard.odd.push(format!("frame {other:#x}"))),
            }
        }
    }

    async fn binds(&mut self, link: &mut Link) -> io::Result<String> {
        let bind = self.code.since(&self.notes.borrow().since);
        link.says(TEXT, bind.as_bytes()).await?;
        Ok(bind)
    }

    fn is_bound(&mut self) {
        self.failures = 0;
        let absence = self.away.take().map(|since| since.elapsed());
        self.notes.send_modify(|heard| {
            heard.binds += 1;
            heard.absences.extend(absence);
        });
    }

    /// Takes any other text; true where its bind was answered `unavailable`.
    fn is_put_off(&mut self, text: &str) -> bool {
        if text == ANSWER {
            self.notes.send_modify(|heard| heard.settled = heard.binds);
            return false;
        }
        let before = self.notes.borrow().unavailable;
        note(&self.code, text, &self.notes);
        self.notes.borrow().unavailable > before
    }
}

/// Full jitter: up to a ceiling that doubles with each attempt.
fn backoff(attempts: &mut u32) -> Duration {
    let most = LAST_PAUSE.min(FIRST_PAUSE * 2_u32.pow((*attempts).min(10)));
    *attempts += 1;
    random::part_of(most)
}
