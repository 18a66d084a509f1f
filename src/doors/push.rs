//! The push door: one JSON line in, one word out, in order.
//!
//! ```text
//! backend  {"uid":1735536450,"ticket":"gQH4…","token":"…"}\n
//! gateway  ok\n      (or queued, fail, unknown; or a JSON verdict for "reply":"verbose")
//! ```

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::gateway::Gateway;
use crate::listen::Accepted;
use crate::message::PushLine;
use crate::verdict::{Door, Failure, Verdict};

/// Every line is answered within this, whatever the broker does.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// A line that has begun must end within this.
const LINE_PATIENCE: Duration = Duration::from_secs(30);
/// A backend must take its answers within this.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// Silence after which the system asks whether a backend still lives.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How much one read takes at the least, in bytes.
const READ_BYTES: usize = 16 * 1024;
/// Answers that are kept before they are sent, in bytes.
const MOST_UNSENT: usize = 16 * 1024;

/// Serves one backend until it goes, errs, or the node closes.
pub async fn serve(gateway: Arc<Gateway>, accepted: Accepted) {
    let Accepted { tcp, peer, place } = accepted;
    gateway.metrics.push_connections.inc();
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    let _ = SockRef::from(&tcp).set_tcp_keepalive(&keepalive);
    let mut backend = Backend {
        authorised: gateway.config().push.secret.is_none(),
        line_bytes: gateway.config().push.line_bytes,
        gateway,
        tcp,
        unread: BytesMut::new(),
        line_due: None,
        searched: 0,
        answers: Vec::new(),
    };
    if let Err(error) = backend.run().await {
        tracing::debug!(%peer, %error, "a backend's connection ended badly");
    }
    backend.gateway.metrics.push_connections.dec();
    drop(place);
}

struct Backend {
    gateway: Arc<Gateway>,
    tcp: TcpStream,
    authorised: bool,
    line_bytes: usize,
    /// Read, but not yet a whole line.
    unread: BytesMut,
    /// Until when the line that has begun must end.
    line_due: Option<Instant>,
    /// How much of `unread` has no line end in it.
    searched: usize,
    /// Not yet written.
    answers: Vec<u8>,
}

/// Whether the conversation goes on.
enum Next {
    Line,
    Close,
}

impl Backend {
    async fn run(&mut self) -> io::Result<()> {
        loop {
            while let Some(line) = self.take_line() {
                let next = self.answer(line).await;
                if self.answers.len() > MOST_UNSENT || matches!(next, Next::Close) {
                    self.send_answers().await?;
                }
                if matches!(next, Next::Close) {
                    return self.tcp.shutdown().await;
                }
                // One backend with much to say shall not keep a thread to itself.
                tokio::task::coop::consume_budget().await;
            }
            self.send_answers().await?;
            if self.unread.len() > self.line_bytes {
                let verdict = Verdict::Failed(Failure::TooLong);
                verdict.count(Door::Push, &self.gateway.metrics);
                self.say(verdict.word());
                self.send_answers().await?;
                return self.tcp.shutdown().await;
            }
            if !self.read_more().await? {
                return Ok(());
            }
        }
    }

    /// False at the end: the backend's, or the node's. A closing node still takes what has come.
    async fn read_more(&mut self) -> io::Result<bool> {
        let shutdown = &self.gateway.shutdown;
        if shutdown.over.is_cancelled() {
            return Ok(false);
        }
        if self.unread.is_empty() {
            self.line_due = None;
        } else {
            self.line_due
                .get_or_insert_with(|| Instant::now() + LINE_PATIENCE);
        }
        let due = self.line_due;
        self.unread.reserve(READ_BYTES);
        let read = async {
            let read = self.tcp.read_buf(&mut self.unread);
            match due {
                None => read.await,
                Some(due) => timeout_at(due, read).await?,
            }
        };
        tokio::select! {
            biased;
            read = read => Ok(read? > 0),
            () = shutdown.closing.cancelled() => Ok(false),
        }
    }

    /// The next whole line, without its end.
    fn take_line(&mut self) -> Option<Bytes> {
        let unsearched = &self.unread[self.searched..];
        let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.unread.len();
            return None;
        };
        let mut line = self.unread.split_to(self.searched + end + 1).freeze();
        self.searched = 0;
        self.line_due = None;
        line.truncate(line.len() - 1);
        if line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        Some(line)
    }

    async fn answer(&mut self, line: Bytes) -> Next {
        if line.is_empty() {
            return Next::Line;
        }
        let started = Instant::now();
        if line.len() > self.line_bytes {
            self.judge(Verdict::Failed(Failure::TooLong), false, started);
            return Next::Close;
        }
        let line = PushLine::parse(line);
        if !self.authorised {
            return self.authorise(&line, started);
        }
        let event = match line.event {
            Ok(event) => event,
            // A backend that always authorises itself is welcome where that is not asked for.
            Err(_) if line.auth.is_some() => {
                self.say("ok");
                return Next::Line;
            }
            Err(bad) => {
                self.judge(Verdict::Failed(bad.into()), line.verbose, started);
                return Next::Line;
            }
        };
        let keep = self.gateway.config().push.retain;
        let publish = self.gateway.hub.publish(Door::Push, &event, keep);
        let verdict = match timeout(ANSWER_WITHIN, publish).await {
            Ok(verdict) => verdict,
            Err(_) => {
                Verdict::Unknown.count(Door::Push, &self.gateway.metrics);
                Verdict::Unknown
            }
        };
        self.reply(verdict, line.verbose, started);
        Next::Line
    }

    /// The first line where a secret is required.
    fn authorise(&mut self, line: &PushLine, started: Instant) -> Next {
        let config = self.gateway.config();
        let presented = line.auth.as_deref().unwrap_or_default();
        self.authorised = match &config.push.secret {
            Some(secret) => secret.matches(presented.as_bytes()),
            None => true,
        };
        drop(config);
        if self.authorised {
            self.say("ok");
            return Next::Line;
        }
        self.judge(
            Verdict::Failed(Failure::Unauthorised),
            line.verbose,
            started,
        );
        Next::Close
    }

    /// Counts a verdict that the hub has not, and replies with it.
    fn judge(&mut self, verdict: Verdict, verbose: bool, started: Instant) {
        verdict.count(Door::Push, &self.gateway.metrics);
        self.reply(verdict, verbose, started);
    }

    fn reply(&mut self, verdict: Verdict, verbose: bool, started: Instant) {
        let elapsed = started.elapsed();
        let duration = &self.gateway.metrics.push_duration_seconds;
        duration.observe(elapsed.as_secs_f64());
        if verbose {
            self.say(&verdict.verbose(elapsed.as_millis() as u64));
        } else {
            self.say(verdict.word());
        }
    }

    fn say(&mut self, answer: &str) {
        self.answers.extend_from_slice(answer.as_bytes());
        self.answers.push(b'\n');
    }

    async fn send_answers(&mut self) -> io::Result<()> {
        if !self.answers.is_empty() {
            timeout(WRITE_PATIENCE, self.tcp.write_all(&self.answers)).await??;
            self.answers.clear();
        }
        Ok(())
    }
}
