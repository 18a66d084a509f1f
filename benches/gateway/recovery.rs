//! Redis is killed and comes back empty: how long until pushes reach pages that stayed where they
//! were.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::across::Pair;
use crate::failure::Failure;
use crate::load::{Arrivals, event_rest};
use crate::options::Broker;
use crate::page::{self, claim};
use crate::round::FIRST_UID;

/// How a loss of everything was survived.
pub struct Recovery {
    /// Pages that were bound meanwhile.
    pub pages: usize,
    /// From the first answer of the new Redis until a push to each page of a sample had been
    /// answered `ok` and had arrived.
    pub lasted: Duration,
}

/// A page that is pushed to until that succeeds.
struct Sample {
    claim: String,
    arrivals: Arc<Arrivals>,
    /// Pushes that will arrive: those that were answered `ok` or `queued`.
    accepted: u64,
    /// Whether the last one was answered `ok`.
    confirmed: bool,
}

/// Pages that are pushed to, evenly spread over all.
const SAMPLES: usize = 250;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// A bind is echoed before the page has caught up, and a page that cannot is sent away.
const CATCHING_UP: Duration = Duration::from_millis(500);

/// After this the gateway has not recovered.
const PATIENCE: Duration = Duration::from_secs(20);

/// Files that a process has besides its pages.
const OTHER_FILES: u64 = 300;

/// Binds pages at one node, as many as there may be files, takes Redis away and gives an empty one back.
pub async fn run(broker: Broker, pages: usize) -> Result<Recovery, Failure> {
    let (files, _) = rlimit::Resource::NOFILE.get()?;
    let pages = pages.min(files.saturating_sub(OTHER_FILES) as usize);
    let mut pair = Pair::start(broker).await?;
    let uids = FIRST_UID..FIRST_UID + pages;
    let opened = page::open_all(&pair.door(), uids).await?;
    let bound = page::bind_all(opened).await?;
    let every = (pages / SAMPLES).max(1);
    let mut samples = Vec::new();
    // The other pages stay open, and hear nothing.
    let mut others = Vec::new();
    let mut listening = Vec::new();
    for (number, page) in bound.into_iter().enumerate() {
        if number % every != 0 {
            others.push(page);
            continue;
        }
        let sample = Sample {
            claim: claim(page.uid),
            arrivals: Arrivals::new(),
            accepted: 0,
            confirmed: false,
        };
        listening.push(page::listen_all(vec![page], &sample.arrivals));
        samples.push(sample);
    }
    let backend = TcpStream::connect(pair.pushed.address("push")).await?;
    sleep(CATCHING_UP).await;
    pair.store.lose_everything().await?;
    let start = Instant::now();
    timeout(PATIENCE, push_until_all_hear(backend, &mut samples))
        .await
        .map_err(|_| Failure::NotBack {
            heard: samples.iter().filter(|sample| sample.is_back()).count(),
            samples: samples.len(),
        })??;
    Ok(Recovery {
        pages,
        lasted: start.elapsed(),
    })
}

/// Pushes to each sample that has not had an `ok`, again and again.
async fn push_until_all_hear(
    mut backend: TcpStream,
    samples: &mut [Sample],
) -> Result<(), Failure> {
    let (reading, mut writing) = backend.split();
    let mut reading = BufReader::new(reading);
    while !samples.iter().all(Sample::is_back) {
        let mut missing: Vec<_> = samples
            .iter_mut()
            .filter(|sample| !sample.confirmed)
            .collect();
        let mut lines = String::new();
        for sample in &missing {
            lines += &sample.claim;
            lines += &event_rest(0);
        }
        writing.write_all(lines.as_bytes()).await?;
        for sample in &mut missing {
            let mut reply = String::new();
            reading.read_line(&mut reply).await?;
            sample.confirmed = reply == "ok\n";
            sample.accepted += u64::from(matches!(&*reply, "ok\n" | "queued\n"));
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

impl Sample {
    fn is_back(&self) -> bool {
        self.confirmed && self.arrivals.count() >= self.accepted
    }
}
