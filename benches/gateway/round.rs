//! One round: a fresh server, its pages, and a load on them, measured step by step.

use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::delivery::{Delivery, Kind, Load, warm_up};
use crate::failure::Failure;
use crate::load::Arrivals;
use crate::page::{self, Door, Page};
use crate::server::{Certificate, Program, Server};

/// How much a round does.
#[derive(Clone, Copy)]
pub struct Sizes {
    /// Pages that are held and measured.
    pub pages: usize,
    /// Pages held besides, opened and used before anything is measured.
    pub warm: usize,
    /// How long each load lasts.
    pub load: Duration,
}

/// What a round found.
pub struct Round {
    /// What pages cost that only wait.
    pub holding: Holding,
    /// At [`PACE`](crate::delivery::PACE).
    pub paced: Delivery,
    /// As fast as the pushes arrive.
    pub saturated: Delivery,
    /// Bytes that the server's allocator has not given back when the pages are gone, in all.
    pub left_bytes: f64,
}

/// What it costs to hold pages.
pub struct Holding {
    /// How many were held at once; all took part in everything else.
    pub pages: usize,
    /// Server CPU to open one: TCP, TLS handshake, upgrade.
    pub open_cpu: Duration,
    /// Bytes of user memory of one before it is bound.
    pub idle_bytes: f64,
    /// The same with its binding, and the session that the bind registered.
    pub bound_bytes: f64,
    /// From the first bind to the last echo.
    pub binds_per_second: f64,
}

/// The sessions of pages that have gone end at once; their memory is free a moment later.
const FORGETTING: Duration = Duration::from_millis(500);

/// From here uids count: each has the same number of digits.
pub const FIRST_UID: usize = 1_000_000;

/// Runs one round on a fresh server.
pub async fn run(
    program: Program,
    certificate: Option<&Certificate>,
    sizes: Sizes,
) -> Result<Round, Failure> {
    let server = Server::start(program, certificate, None).await?;
    let door = Door {
        address: server.address("public"),
        tls: certificate.map(Certificate::client).transpose()?,
    };
    let warm_uids = FIRST_UID..FIRST_UID + sizes.warm;
    let uids = warm_uids.end..warm_uids.end + sizes.pages;
    let push = server.address("push");
    let _warm = warm_up(&door, push, warm_uids).await?;
    let before = server.settled_bytes(sizes.warm).await?;
    let (pages, holding) = hold(&server, &door, uids.clone(), sizes, before).await?;

    let arrivals = Arrivals::new();
    let pages = page::listen_all(pages, &arrivals);
    let mut load = Load::new(vec![vec![server.process()]], push, arrivals, uids).await?;
    let paced = load.measure(Kind::Paced, sizes.load).await?;
    let saturated = load.measure(Kind::Saturated, sizes.load).await?;
    drop((load, pages));
    sleep(FORGETTING).await;
    let after = server.settled_bytes(sizes.warm).await?;
    Ok(Round {
        holding,
        paced,
        saturated,
        left_bytes: after as f64 - before as f64,
    })
}

/// Opens a page for each uid, then binds them all; the server needed `before` bytes without them.
async fn hold(
    server: &Server,
    door: &Door,
    uids: Range<usize>,
    sizes: Sizes,
    before: u64,
) -> Result<(Vec<Page>, Holding), Failure> {
    let pages = uids.len() as f64;
    let each = |now: u64| (now as f64 - before as f64) / pages;
    let held = sizes.warm + uids.len();
    let cpu = server.cpu_time()?;
    let opened = page::open_all(door, uids).await?;
    let open_cpu = (server.cpu_time()? - cpu).div_f64(pages);
    let idle_bytes = each(server.settled_bytes(held).await?);
    let start = Instant::now();
    let bound = page::bind_all(opened).await?;
    let binds_per_second = pages / start.elapsed().as_secs_f64();
    let holding = Holding {
        pages: bound.len(),
        open_cpu,
        idle_bytes,
        bound_bytes: each(server.settled_bytes(held).await?),
        binds_per_second,
    };
    Ok((bound, holding))
}
