//! One round across nodes: backends push at one, the pages are at the other, Redis between them.

use crate::delivery::{Delivery, Kind, Load, warm_up};
use crate::failure::Failure;
use crate::load::Arrivals;
use crate::options::Broker;
use crate::page::{self, Door};
use crate::recovery::{self, Recovery};
use crate::round::{FIRST_UID, Sizes};
use crate::server::{Program, Server};
use crate::store::Store;

/// What a round found. The parties are the node that is pushed at, the node with the pages, and
/// Redis.
pub struct Across {
    /// Which Redis.
    pub broker: Broker,
    /// At [`PACE`](crate::delivery::PACE).
    pub paced: Delivery,
    /// As fast as the pushes arrive.
    pub saturated: Delivery,
    /// How long a loss of everything lasts.
    pub recovery: Recovery,
}

/// Two nodes at one broker.
pub struct Pair {
    /// What joins them.
    pub store: Store,
    /// Where backends push.
    pub pushed: Server,
    /// Where the pages are.
    pub holding: Server,
}

/// Runs one round, and another one of `bound` pages in which Redis loses everything.
pub async fn run(broker: Broker, sizes: Sizes, bound: usize) -> Result<Across, Failure> {
    let (paced, saturated) = load(broker, sizes).await?;
    let recovery = recovery::run(broker, bound).await?;
    Ok(Across {
        broker,
        paced,
        saturated,
        recovery,
    })
}

async fn load(broker: Broker, sizes: Sizes) -> Result<(Delivery, Delivery), Failure> {
    let pair = Pair::start(broker).await?;
    let push = pair.pushed.address("push");
    let door = pair.door();
    let warm_uids = FIRST_UID..FIRST_UID + sizes.warm;
    let uids = warm_uids.end..warm_uids.end + sizes.pages;
    let _warm = warm_up(&door, push, warm_uids).await?;
    let arrivals = Arrivals::new();
    let pages = page::open_all(&door, uids.clone()).await?;
    let pages = page::bind_all(pages).await?;
    let _pages = page::listen_all(pages, &arrivals);
    let parties = vec![
        vec![pair.pushed.process()],
        vec![pair.holding.process()],
        pair.store.processes(),
    ];
    let mut load = Load::new(parties, push, arrivals, uids).await?;
    let paced = load.measure(Kind::Paced, sizes.load).await?;
    let saturated = load.measure(Kind::Saturated, sizes.load).await?;
    Ok((paced, saturated))
}

impl Pair {
    /// Starts a Redis and two nodes.
    pub async fn start(broker: Broker) -> Result<Self, Failure> {
        let store = Store::start(broker).await?;
        Ok(Self {
            pushed: Server::start(Program::Gateway, None, Some(&store.url)).await?,
            holding: Server::start(Program::Gateway, None, Some(&store.url)).await?,
            store,
        })
    }

    /// Where the pages go.
    pub fn door(&self) -> Door {
        Door {
            address: self.holding.address("public"),
            tls: None,
        }
    }
}
