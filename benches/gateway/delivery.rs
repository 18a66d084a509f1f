//! One load of pushes, measured: how many arrived, how fast, and what every process spent on them.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::load::{Arrivals, Backends};
use crate::measure::{self, Latency};
use crate::page::{self, Door};

/// How a load of pushes fared.
pub struct Delivery {
    /// Pushes that reached their pages, by the second.
    pub per_second: f64,
    /// CPU for one push, of each of the [`Load`]'s parties.
    pub cpu: Vec<Duration>,
    /// CPU of this process, backends and pages, for one push.
    pub client_cpu: Duration,
    /// From the backend's write to the page's read.
    pub latency: Latency,
}

/// The backends with what is read while they work.
pub struct Load {
    /// Processes whose CPU is counted: those of a party together.
    parties: Vec<Vec<u32>>,
    backends: Backends,
    arrivals: Arc<Arrivals>,
}

/// How pushes come.
#[derive(Clone, Copy)]
pub enum Kind {
    /// At [`PACE`].
    Paced,
    /// As fast as they arrive.
    Saturated,
}

/// A moderate load, in pushes a second.
pub const PACE: u32 = 2000;

/// How long pages are pushed to, at [`PACE`], before anything is measured.
const WARM_UP: Duration = Duration::from_millis(300);

/// The part of a load's time that it runs before it is measured.
const RAMP: f64 = 0.2;

/// Opens and binds a few pages at `door` and pushes to each at `push`, so that what a server needs
/// once is there; the pages stay until the set is dropped.
pub async fn warm_up(
    door: &Door,
    push: SocketAddr,
    uids: Range<usize>,
) -> Result<JoinSet<()>, Failure> {
    let arrivals = Arrivals::new();
    let pages = page::open_all(door, uids.clone()).await?;
    let pages = page::bind_all(pages).await?;
    let pages = page::listen_all(pages, &arrivals);
    let mut backends = Backends::connect(push, &arrivals, uids).await?;
    backends.pace(PACE, WARM_UP).await?;
    backends.settle().await?;
    Ok(pages)
}

impl Delivery {
    /// CPU of all parties for one push.
    pub fn servers_cpu(&self) -> Duration {
        self.cpu.iter().sum()
    }
}

impl Load {
    /// Backends at `push`, for pages that note what comes in `arrivals`.
    pub async fn new(
        parties: Vec<Vec<u32>>,
        push: SocketAddr,
        arrivals: Arc<Arrivals>,
        uids: Range<usize>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            parties,
            backends: Backends::connect(push, &arrivals, uids).await?,
            arrivals,
        })
    }

    /// Runs one load, first unmeasured for a moment; fails where a push is lost.
    pub async fn measure(&mut self, kind: Kind, duration: Duration) -> Result<Delivery, Failure> {
        self.run(kind, duration.mul_f64(RAMP)).await?;
        self.arrivals.take_latencies();
        let start = Instant::now();
        let count = self.arrivals.count();
        let before = self.cpu_times()?;
        let client = measure::cpu_time(std::process::id())?;
        self.run(kind, duration).await?;
        let delivered = (self.arrivals.count() - count) as f64;
        let seconds = start.elapsed().as_secs_f64();
        let after = self.cpu_times()?;
        let client = measure::cpu_time(std::process::id())? - client;
        let latencies = self.arrivals.take_latencies();
        self.backends.settle().await?;
        let spent = after.into_iter().zip(before);
        Ok(Delivery {
            per_second: delivered / seconds,
            cpu: spent
                .map(|(after, before)| (after - before).div_f64(delivered))
                .collect(),
            client_cpu: client.div_f64(delivered),
            latency: Latency::of(latencies),
        })
    }

    async fn run(&mut self, kind: Kind, duration: Duration) -> Result<(), Failure> {
        match kind {
            Kind::Paced => self.backends.pace(PACE, duration).await,
            Kind::Saturated => self.backends.saturate(duration).await,
        }
    }

    /// Up to now, by party.
    fn cpu_times(&self) -> Result<Vec<Duration>, Failure> {
        let of_party = |party: &Vec<u32>| party.iter().map(|id| measure::cpu_time(*id)).sum();
        self.parties.iter().map(of_party).collect()
    }
}
