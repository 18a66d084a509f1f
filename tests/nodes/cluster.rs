//! Three nodes with a Redis behind one HAProxy, which takes pages and publishers.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use scangate::node::Addresses;

use crate::balancer::{Balancer, Recipe};
use crate::node::Node;
use crate::support::{Code, Crowd, Habits, Manner, Publisher, Reader, Server, becomes};

/// What the nodes are set to. The drain is short, but longer than HAProxy needs to notice.
const SETTINGS: [(&str, &str); 4] = [
    // Whatever an outage brings together is kept.
    ("SCANGATE_SESSION_EVENTS", "10000"),
    ("SCANGATE_DRAIN_DELAY_SECONDS", "2"),
    ("SCANGATE_DRAIN_SECONDS", "1"),
    ("SCANGATE_LOG_LEVEL", "info"),
];

/// How long HAProxy may take to notice anything: two checks that run into their time, half a second
/// apart, and what a busy machine adds.
const NOTICE: Duration = Duration::from_secs(12);

/// A whole installation.
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub balancer: Balancer,
    pub redis: Server,
}

/// How a crowd speaks and listens.
pub struct Manners {
    /// Where each publisher says its lines, in turn; the first publisher takes the first of these,
    /// and so on.
    pub ways: Vec<Vec<SocketAddr>>,
    /// What publishers are like: those who take the first way the first of these, and so on.
    pub publishers: Vec<Manner>,
    /// The time between two lines of one publisher.
    pub pace: Duration,
    /// What the pages are like.
    pub pages: Habits,
}

impl Cluster {
    /// Starts everything, and waits until it serves.
    pub async fn starts() -> Cluster {
        let redis = Server::start().await;
        let url = redis.url();
        let nodes = join_all((0..3).map(|_| Node::starts(&url, &SETTINGS))).await;
        let at: Vec<_> = nodes.iter().map(|node| node.at).collect();
        let balancer = Balancer::with(&at, Recipe::HaproxyTcp, |text, address| {
            text + &pushes(&at, push_of(address))
        });
        Cluster {
            balancer: balancer.await,
            nodes,
            redis,
        }
    }

    /// Where publishers reach whatever node there is.
    pub fn push(&self) -> SocketAddr {
        push_of(self.balancer.address())
    }

    /// `many` sessions, each with a publisher and with a page that comes through the balancer. Ready
    /// when all pages are bound.
    pub async fn gathers(&self, many: usize, manners: Manners) -> Crowd {
        let ops = |number: usize| self.nodes[number % self.nodes.len()].at.ops;
        // Longer than any story.
        let codes = (0..many).map(|number| Code::registered(ops(number), r#","ttl":3600"#));
        let codes = join_all(codes).await;
        let pairs = codes.into_iter().enumerate().map(|(number, code)| {
            let Manners {
                ways, publishers, ..
            } = &manners;
            let way = ways[number % ways.len()].clone();
            let manner = publishers[number / ways.len() % publishers.len()];
            let reader = Reader::browses(self.balancer.address(), code.clone(), manners.pages);
            (Publisher::paced(way, code, manner, manners.pace), reader)
        });
        Crowd::of(pairs.collect()).await
    }

    /// Waits until the node at this place knows so many; how long that took.
    pub async fn counts(&self, at: usize, many: usize, patience: Duration) -> Duration {
        let question = async || self.nodes[at].knows().await;
        becomes(patience, "live nodes", question, |&known| known == many).await
    }
}

/// Ready when the balancer has said, from now on, that the node at this place is `UP` or `DOWN`.
pub fn tells(balancer: &Balancer, at: usize, word: &str) -> impl Future<Output = ()> {
    let text = format!("nodes/node{} is {word}", at + 1);
    let count = move || balancer.program.said().matches(&text).count();
    let before = count();
    async move {
        let question = async || count();
        becomes(NOTICE, "what HAProxy has said", question, |&told| {
            told > before
        })
        .await;
    }
}

/// The port of publishers at the balancer's address.
fn push_of(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), 5678)
}

/// What the example lacks, for nobody needs it: a balancer for publishers.
fn pushes(nodes: &[Addresses], address: SocketAddr) -> String {
    let servers = nodes.iter().enumerate().map(|(index, node)| {
        let (number, ops) = (index + 1, node.ops.port());
        format!("    server node{number} {} check port {ops}\n", node.push)
    });
    let servers: String = servers.collect();
    format!(
        "
listen pushes
    bind {address}
    balance roundrobin
    option httpchk GET /readyz
    http-check expect status 200
    timeout check 2s
    default-server inter 500ms fall 2 rise 2
{servers}"
    )
}
