//! One backend: lines to its share of the uids, many under way at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, BufWriter, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, sleep, timeout};

use crate::book::{Book, WORDS};
use crate::settings::Settings;

/// Lines of one backend that wait for their answers.
const WINDOW: usize = 64;
/// How long the pause is where nothing is due.
const TICK: Duration = Duration::from_millis(1);
/// How long an answer may take: the gateway promises two seconds.
const ANSWER: Duration = Duration::from_secs(10);
/// Bytes that make a line long: a few hundred of them fill every buffer on the way to a sleeper.
const LONG: usize = 32_000;

/// A connection to a push port, and the lines that wait there.
struct Backend {
    writer: BufWriter<OwnedWriteHalf>,
    answers: Lines<BufReader<OwnedReadHalf>>,
    /// The account and the time of each.
    waiting: VecDeque<(usize, u64)>,
}

/// Says lines until the time is over, and hears every answer.
///
/// # Errors
/// A sentence when the connection ends, or answers something else.
pub async fn run(settings: Arc<Settings>, book: Arc<Book>, number: usize) -> Result<(), String> {
    let address = settings.push[number % settings.push.len()];
    let mut backend = Backend::connect(address).await?;
    if let Some(secret) = &settings.push_secret {
        backend.present(secret).await?;
    }
    let connections = settings.connections;
    // Each uid has one backend: so its lines have an order.
    let mut share: Vec<_> = (number..book.accounts.len()).step_by(connections).collect();
    let start = Instant::now();
    let mut said = 0;
    let mut turn = 0;
    while start.elapsed() < settings.duration && !share.is_empty() {
        let due = match settings.rate {
            0 => u64::MAX,
            rate => (start.elapsed().as_secs_f64() * f64::from(rate) / connections as f64) as u64,
        };
        if said >= due {
            backend.hear_for(&book, TICK).await?;
            continue;
        }
        if backend.waiting.len() == WINDOW {
            backend.hear(&book).await?;
            continue;
        }
        turn = (turn + 1) % share.len();
        let index = share[turn];
        if book.accounts[index].is_gone.load(Ordering::Relaxed) {
            share.swap_remove(turn);
            turn = 0;
            continue;
        }
        said += 1;
        backend
            .say(&book, index, said, index >= settings.pages)
            .await?;
    }
    while !backend.waiting.is_empty() {
        backend.hear(&book).await?;
    }
    Ok(())
}

impl Backend {
    async fn connect(address: std::net::SocketAddr) -> Result<Backend, String> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|cause| format!("could not reach {address}: {cause}"))?;
        stream
            .set_nodelay(true)
            .map_err(|cause| cause.to_string())?;
        let (reading, writing) = stream.into_split();
        Ok(Backend {
            writer: BufWriter::new(writing),
            answers: BufReader::new(reading).lines(),
            waiting: VecDeque::new(),
        })
    }

    /// Presents the secret.
    async fn present(&mut self, secret: &str) -> Result<(), String> {
        let line = json!({"auth": secret}).to_string() + "\n";
        self.write(&line).await?;
        match self.answer().await?.as_str() {
            "ok" => Ok(()),
            _ => Err("the push port does not take the secret".to_owned()),
        }
    }

    /// Says the line `number` to an account; a long one to a page that sleeps.
    async fn say(
        &mut self,
        book: &Book,
        index: usize,
        number: u64,
        is_long: bool,
    ) -> Result<(), String> {
        let sent = book.now();
        let claim = book.accounts[index].code.claim();
        let pad = if is_long { LONG } else { 0 };
        let line = format!(
            "{claim},\"pad\":\"{:x<pad$}\",\"n\":{number},\"sent\":{sent}}}\n",
            ""
        );
        self.waiting.push_back((index, sent));
        self.write(&line).await
    }

    async fn write(&mut self, line: &str) -> Result<(), String> {
        let written = self.writer.write_all(line.as_bytes()).await;
        written.map_err(|cause| format!("could not push: {cause}"))
    }

    /// Hears answers for a while; without lines under way it is a pause.
    async fn hear_for(&mut self, book: &Book, pause: Duration) -> Result<(), String> {
        let end = Instant::now() + pause;
        while !self.waiting.is_empty() && Instant::now() < end {
            self.flush().await?;
            // The reader of lines keeps what it has of one: giving up in between is safe.
            let rest = end.saturating_duration_since(Instant::now());
            match timeout(rest, self.answers.next_line()).await {
                Err(_) => return Ok(()),
                Ok(answer) => self.note(book, &line_of(answer)?)?,
            }
        }
        sleep(end.saturating_duration_since(Instant::now())).await;
        Ok(())
    }

    /// Hears the answer to the oldest line.
    async fn hear(&mut self, book: &Book) -> Result<(), String> {
        let answer = self.answer().await?;
        self.note(book, &answer)
    }

    async fn answer(&mut self) -> Result<String, String> {
        self.flush().await?;
        let answer = timeout(ANSWER, self.answers.next_line()).await;
        line_of(answer.map_err(|_| format!("no answer within {ANSWER:?}"))?)
    }

    async fn flush(&mut self) -> Result<(), String> {
        let flushed = self.writer.flush().await;
        flushed.map_err(|cause| format!("could not push: {cause}"))
    }

    fn note(&mut self, book: &Book, answer: &str) -> Result<(), String> {
        let word = WORDS.iter().position(|word| *word == answer);
        let word = word.ok_or_else(|| format!("the push port answered {answer}"))?;
        let (index, sent) = self.waiting.pop_front().expect("somebody waits for it");
        let account = &book.accounts[index];
        book.answered(account, word, sent);
        if answer == "queued" {
            account.is_gone.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn line_of(answer: std::io::Result<Option<String>>) -> Result<String, String> {
    match answer {
        Ok(Some(line)) => Ok(line),
        Ok(None) => Err("the push port closed the connection".to_owned()),
        Err(cause) => Err(format!("could not read an answer: {cause}")),
    }
}
