//! A publisher that says numbered lines, one after the other, and remembers every answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};

use super::history::ANSWER_WITHIN;
use super::{Code, Said};

/// What a publisher does about a line that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Goes on with the next.
    Careless,
    /// Says it again with the same push id until it is accepted.
    Insistent,
}

/// The time between two lines.
const PACE: Duration = Duration::from_millis(4);

/// A running publisher. Stops when it is dropped.
pub struct Publisher {
    said: Arc<Mutex<Vec<Said>>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Publisher {
    /// Begins to publish to `code` at the push ports of `nodes` in turn.
    pub fn starts(nodes: Vec<SocketAddr>, code: Code, manner: Manner) -> Publisher {
        Publisher::paced(nodes, code, manner, PACE)
    }

    /// The same with another time between two lines.
    pub fn paced(nodes: Vec<SocketAddr>, code: Code, manner: Manner, pace: Duration) -> Publisher {
        let said = Arc::<Mutex<Vec<Said>>>::default();
        let (stop, stopped) = watch::channel(false);
        let notes = Arc::clone(&said);
        let task = tokio::spawn(async move {
            let mut backends = nodes.into_iter().map(Backend::at).collect::<Vec<_>>();
            let mut pace = interval(pace);
            // After the stop one line more is said, until it is accepted: once it has been heard,
            // everything before it has.
            for n in 0.. {
                pace.tick().await;
                let is_last = *stopped.borrow();
                let manner = if is_last { Manner::Insistent } else { manner };
                let line = say(&mut backends, &code, n, manner).await;
                notes.lock().unwrap().push(line);
                if is_last {
                    return;
                }
            }
        });
        Publisher { said, stop, task }
    }

    /// What it has said so far.
    pub fn said(&self) -> Vec<Said> {
        self.said.lock().unwrap().clone()
    }

    /// When it first said the newest line that was accepted.
    pub fn accepted(&self) -> Option<Instant> {
        let said = self.said.lock().unwrap();
        let mut newest = said.iter().rev();
        newest
            .find(|line| line.is_accepted())
            .map(|line| line.asked)
    }

    /// Ends with a line that is accepted; all that it has said.
    pub async fn stops(&mut self) -> Vec<Said> {
        self.stop.send_replace(true);
        (&mut self.task).await.unwrap();
        self.said()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn say(backends: &mut [Backend], code: &Code, n: usize, manner: Manner) -> Said {
    let line = match manner {
        Manner::Careless => code.nth(n),
        Manner::Insistent => code.event(&format!(r#""n":{n},"push_id":"p{n}""#)),
    };
    let asked = Instant::now();
    let mut took = Duration::ZERO;
    let mut before = Vec::new();
    let mut pace = interval(Duration::from_millis(50));
    for attempt in 0.. {
        let begun = Instant::now();
        let at = (n + attempt) % backends.len();
        let word = backends[at].say(&line).await;
        let answered = Instant::now();
        took = took.max(answered - begun);
        let said = Said {
            n,
            word,
            before,
            asked,
            answered,
            took,
        };
        if manner == Manner::Careless || said.is_accepted() {
            return said;
        }
        before = said.words().map(str::to_owned).collect();
        pace.tick().await;
    }
    unreachable!("it insists")
}

/// A push port, connected where it can be.
struct Backend {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Backend {
    fn at(address: SocketAddr) -> Backend {
        Backend {
            address,
            stream: None,
        }
    }

    async fn say(&mut self, line: &str) -> String {
        match timeout(2 * ANSWER_WITHIN, self.try_to_say(line)).await {
            Ok(Some(word)) => word,
            Ok(None) => {
                self.stream = None;
                "cut".to_owned()
            }
            Err(_) => {
                self.stream = None;
                "nothing".to_owned()
            }
        }
    }

    async fn try_to_say(&mut self, line: &str) -> Option<String> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await.ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut()?;
        let line = format!("{line}\n");
        stream.write_all(line.as_bytes()).await.ok()?;
        let mut word = String::new();
        stream.read_line(&mut word).await.ok()?;
        word.strip_suffix('\n').map(str::to_owned)
    }
}
