//! The push door: one JSON line in, one word out, in order.
//!
//! ```text
//! backend  {"uid":1735536450,"ticket":"gQH4…","token":"…"}\n
//! gateway  ok\n      (or queued, fail, unknown; or a JSON verdict for "reply":"verbose")
//! ```

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{FuturesOrdered, StreamExt};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::gateway::Gateway;
use crate::listen::Accepted;
use crate::message::{Event, PushLine};
use crate::stream::close_gently;
use crate::verdict::{Door, Failure, Verdict};

mod lines;

use lines::Lines;

/// Every line is answered within this, whatever the broker does.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// A backend must take its answers within this.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);
/// Silence after which the system asks whether a backend still lives.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Answers that are kept before they are sent, in bytes.
const MOST_UNSENT: usize = 16 * 1024;
/// Lines of one backend that wait for the broker at a time.
const MOST_UNDER_WAY: usize = 512;

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
        lines: Lines::default(),
        under_way: FuturesOrdered::new(),
        answers: Vec::new(),
        last_line: false,
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
    lines: Lines,
    /// Pushes that the broker has not answered, in the order of their lines.
    under_way: FuturesOrdered<Push>,
    /// Not yet written.
    answers: Vec<u8>,
    /// Whether nothing more is taken: what is under way is still answered.
    last_line: bool,
}

/// A push on its way to its verdict.
type Push = Pin<Box<dyn Future<Output = Reply> + Send>>;

struct Reply {
    verdict: Verdict,
    verbose: bool,
    started: Instant,
}

impl Backend {
    async fn run(&mut self) -> io::Result<()> {
        loop {
            self.take_lines().await?;
            self.send_answers().await?;
            if self.under_way.is_empty() && self.last_line {
                return close_gently(&mut self.tcp).await;
            }
            let room = self.under_way.len() < MOST_UNDER_WAY && !self.last_line;
            let shutdown = &self.gateway.shutdown;
            tokio::select! {
                biased;
                Some(reply) = self.under_way.next() => {
                    self.reply(reply);
                    // Whatever else is ready goes out in the same write.
                    while let Some(Some(reply)) = self.under_way.next().now_or_never() {
                        self.reply(reply);
                    }
                }
                read = self.lines.read(&mut self.tcp), if room => {
                    // A closing node still takes what has come, but not for ever.
                    self.last_line = !read? || shutdown.over.is_cancelled();
                }
                () = shutdown.closing.cancelled(), if room => self.last_line = true,
            }
        }
    }

    /// Starts every whole line that has come, as far as there is room.
    async fn take_lines(&mut self) -> io::Result<()> {
        while !self.last_line && self.under_way.len() < MOST_UNDER_WAY {
            let Some(line) = self.lines.take() else {
                if self.lines.begun() > self.line_bytes {
                    self.refuse_for_good(Failure::TooLong, false, Instant::now())
                        .await;
                }
                return Ok(());
            };
            self.take_line(line).await;
            if self.answers.len() > MOST_UNSENT {
                self.send_answers().await?;
            }
            // One backend with much to say shall not keep a thread to itself.
            tokio::task::coop::consume_budget().await;
        }
        Ok(())
    }

    async fn take_line(&mut self, line: Bytes) {
        if line.is_empty() {
            return;
        }
        let started = Instant::now();
        if line.len() > self.line_bytes {
            return self.refuse_for_good(Failure::TooLong, false, started).await;
        }
        let PushLine {
            event,
            verbose,
            auth,
        } = PushLine::parse(line);
        if !self.authorised {
            return self.authorise(auth, verbose, started).await;
        }
        match event {
            Ok(event) => self.start(event, verbose, started),
            // A backend that always authorises itself is welcome where that is not asked for.
            Err(_) if auth.is_some() => {
                self.settle_all().await;
                self.say("ok");
            }
            Err(bad) => {
                self.settle_all().await;
                self.judge(Verdict::Failed(bad.into()), verbose, started);
            }
        }
    }

    /// Sends an event on its way, at once and after those before it. The embedded broker answers at
    /// once; what has to wait is answered in its turn.
    fn start(&mut self, event: Event, verbose: bool, started: Instant) {
        let push = publish(Arc::clone(&self.gateway), event, verbose, started);
        // Unconstrained: who has used up its turn would let later lines pass by on their way.
        let mut push: Push = Box::pin(tokio::task::unconstrained(push));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match push.as_mut().poll(&mut context) {
            Poll::Ready(reply) if self.under_way.is_empty() => self.reply(reply),
            Poll::Ready(reply) => self
                .under_way
                .push_back(Box::pin(std::future::ready(reply))),
            Poll::Pending => self.under_way.push_back(push),
        }
    }

    /// Waits for all that is under way, so that the next answer stands in its place.
    async fn settle_all(&mut self) {
        while let Some(reply) = self.under_way.next().await {
            self.reply(reply);
        }
    }

    /// Refuses a line after which nothing more is taken.
    async fn refuse_for_good(&mut self, failure: Failure, verbose: bool, started: Instant) {
        self.settle_all().await;
        self.judge(Verdict::Failed(failure), verbose, started);
        self.last_line = true;
    }

    /// The first line where a secret is required.
    async fn authorise(&mut self, auth: Option<String>, verbose: bool, started: Instant) {
        let presented = auth.unwrap_or_default();
        self.authorised = match &self.gateway.config().push.secret {
            Some(secret) => secret.matches(presented.as_bytes()),
            None => true,
        };
        if self.authorised {
            self.say("ok");
        } else {
            self.refuse_for_good(Failure::Unauthorised, verbose, started)
                .await;
        }
    }

    /// Counts a verdict that the hub has not, and replies with it.
    fn judge(&mut self, verdict: Verdict, verbose: bool, started: Instant) {
        verdict.count(Door::Push, &self.gateway.metrics);
        self.reply(Reply {
            verdict,
            verbose,
            started,
        });
    }

    fn reply(&mut self, reply: Reply) {
        let Reply {
            verdict,
            verbose,
            started,
        } = reply;
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

/// Publishes in time.
async fn publish(gateway: Arc<Gateway>, event: Event, verbose: bool, started: Instant) -> Reply {
    let keep = gateway.config().push.retain;
    let publish = gateway.hub.publish(Door::Push, &event, keep, started);
    let verdict = timeout(ANSWER_WITHIN, publish).await.unwrap_or_else(|_| {
        Verdict::Unknown.count(Door::Push, &gateway.metrics);
        Verdict::Unknown
    });
    Reply {
        verdict,
        verbose,
        started,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what such a function gives.
    fn size_of_future<A, B, C, D, F>(_: impl Fn(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    /// It is moved several times; what only Redis needs of it is boxed further in.
    #[test]
    fn a_push_is_a_small_future() {
        let size = size_of_future(publish);
        assert!(size <= 1024, "{size}");
    }
}
