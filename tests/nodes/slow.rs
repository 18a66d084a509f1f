//! Pages that stop reading: they are sent away, cost others nothing, and have everything when they
//! come back, or are told that they have not.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::Instant;

use crate::node::Node;
use crate::support::{
    Backend, CLOSE, Code, Crowd, Habits, Link, Manner, PING, Publisher, Reader, Said, Server, TEXT,
    check, is_long, only_words, tally, within,
};

/// How long what is due now may take.
const SOON: Duration = Duration::from_secs(10);
/// Of a line, in bytes: long ones fill the system's buffers sooner.
const LINE: usize = 32_000;
/// What a node may keep for one page.
const QUEUE: usize = 256 * 1024;
/// What the system may keep for one connection, on both of its ends.
const BUFFERS: usize = 16 * 1024 * 1024;
/// How long a node waits for a page to take its goodbye.
const FAREWELL: Duration = Duration::from_secs(2);
/// Lines that are said after a page was sent away.
const MORE: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_stop_reading_have_everything_when_they_return() {
    stop_reading(8, 10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_stay_away_too_long_are_told_so() {
    stop_reading(4, 16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pages_stop_reading() {
    if is_long("64 pages stop reading") {
        stop_reading(64, 10_000).await;
    }
}

/// So many pages of one node stop reading, while publishers go on at another; a session retains so
/// many events.
async fn stop_reading(many: usize, retained: usize) {
    let redis = Server::start().await;
    let url = redis.url();
    let settings = [
        ("SCANGATE_SESSION_EVENTS", &*retained.to_string()),
        ("SCANGATE_LIMIT_QUEUE_BYTES", &QUEUE.to_string()),
        // Who does not read does not answer pings either, which is another story.
        ("SCANGATE_HEARTBEAT_SECONDS", "600"),
    ];
    let a = Node::starts(&url, &settings).await;
    let b = Node::starts(&url, &settings).await;
    let others = bystanders(&a, &b).await;
    let mut pages = join_all((0..many).map(|_| Sleeper::falls_asleep(&a, &b))).await;

    let memory = "process_resident_memory_bytes";
    let before = a.metric(memory).await;
    while pages.iter().any(|page| !page.is_gone) {
        for (number, page) in pages.iter_mut().enumerate() {
            if !page.is_gone && page.is_pushed_away().await && number % 2 == 0 {
                // One that wakes up in time hears why.
                let is_in_time = page.last_taken().elapsed() < FAREWELL;
                let why = page.wakes().await;
                assert!(why == Some(4508) || !is_in_time && why.is_none(), "{why:?}");
            }
        }
    }
    let grown = a.metric(memory).await - before;
    let longest = others.goes_on(SOON).await;
    println!(
        "{many} pages were sent away; the node grew by {grown} bytes; others wait {longest:.1?}"
    );
    let most = (2 * many * QUEUE + 16 * 1024 * 1024) as f64;
    assert!(grown < most, "{grown} bytes for {many} pages");

    for page in &mut pages {
        page.returns(&b, retained).await;
    }
    let told = others.heard_right(SOON).await;
    println!("the others: {}", tally(&told));
    for (said, heard) in &told {
        assert_eq!(heard.ends, [], "they stay");
        only_words(said, &["ok", "queued"]);
    }
}

/// Pages at the one node that read, with publishers at the other.
async fn bystanders(a: &Node, b: &Node) -> Crowd {
    let codes = join_all((0..8).map(|_| Code::registered(b.at.ops, ""))).await;
    let pairs = codes.into_iter().map(|code| {
        let page = Reader::browses(a.at.public, code.clone(), Habits::default());
        let pace = Duration::from_millis(50);
        let publisher = Publisher::paced(vec![b.at.push], code, Manner::Insistent, pace);
        (publisher, page)
    });
    Crowd::of(pairs.collect()).await
}

/// A page that has bound itself and stopped reading, with its publisher at another node.
struct Sleeper {
    code: Code,
    link: Link,
    backend: Backend,
    said: Vec<Said>,
    heard: Vec<usize>,
    since: String,
    is_gone: bool,
}

impl Sleeper {
    async fn falls_asleep(page_at: &Node, backend_at: &Node) -> Sleeper {
        let code = Code::registered(backend_at.at.ops, "").await;
        let mut link = Link::dial(page_at.at.public).await.unwrap();
        let bind = code.since("");
        link.says(TEXT, bind.as_bytes()).await.unwrap();
        assert_eq!(link.frame().await.unwrap().text(), bind);
        Sleeper {
            code,
            link,
            backend: Backend::at(backend_at.at.push).await,
            said: Vec::new(),
            heard: Vec::new(),
            since: String::new(),
            is_gone: false,
        }
    }

    /// When the last line was asked for that the node still took for this page: it was sent away since.
    fn last_taken(&self) -> Instant {
        self.said[self.said.len().saturating_sub(2)].asked
    }

    /// Says one more line; true where nobody holds the uid any more.
    async fn is_pushed_away(&mut self) -> bool {
        let begun = Instant::now();
        let n = self.said.len();
        assert!(
            n * LINE < BUFFERS + QUEUE,
            "it is still held after {n} lines"
        );
        let pad = "x".repeat(LINE);
        let line = self.code.event(&format!(r#""n":{n},"pad":"{pad}""#));
        let word = self.backend.say(&line).await;
        self.is_gone = word == "queued";
        assert!(self.is_gone || word == "ok", "{word}");
        let said = Said {
            n,
            word,
            before: Vec::new(),
            asked: begun,
            answered: Instant::now(),
            took: begun.elapsed(),
        };
        self.said.push(said);
        self.is_gone
    }

    /// Reads what is there, to the end of the connection; its close code.
    async fn wakes(&mut self) -> Option<u16> {
        loop {
            let frame = within(SOON, "a frame or the end", self.link.frame())
                .await
                .ok()?;
            match frame.head {
                TEXT => self.hears(frame.text()),
                // It was silent for long.
                PING => {}
                CLOSE => return frame.close_code(),
                other => panic!("frame {other:#x}"),
            }
        }
    }

    /// Wakes up late, and comes back to another node; has all that was said, but for what is no more.
    async fn returns(&mut self, node: &Node, retained: usize) {
        for _ in 0..MORE {
            self.is_pushed_away().await;
        }
        self.wakes().await;
        let awake = self.heard.len();
        let expected = self.said.len() - awake;
        let is_short = expected > retained;
        self.link = Link::dial(node.at.public).await.unwrap();
        let bind = self.code.since(&self.since);
        self.link.says(TEXT, bind.as_bytes()).await.unwrap();
        let mut next = async || within(SOON, "a frame", self.link.frame()).await.unwrap();
        assert_eq!(next().await.text(), bind);
        if is_short {
            assert_eq!(next().await.text(), r#"{"cmd":"gap"}"#);
        }
        let mut texts = Vec::new();
        for _ in 0..expected.min(retained) {
            texts.push(next().await);
        }
        texts.iter().for_each(|frame| self.hears(frame.text()));
        let newest = self.said.len() - expected.min(retained);
        check(&self.said[..awake], &self.heard[..awake]);
        check(&self.said[newest..], &self.heard[awake..]);
        assert_eq!(is_short, newest > awake, "a gap is told where there is one");
    }

    fn hears(&mut self, text: &str) {
        let event: Value = serde_json::from_str(text).unwrap();
        assert_eq!(event["uid"], self.code.uid);
        let n = event["n"].as_u64().unwrap();
        self.heard.push(usize::try_from(n).unwrap());
        event["event_id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.since);
    }
}
