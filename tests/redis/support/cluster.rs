//! A Redis Cluster: three shards, each a primary with a replica; and a slot that moves.

use std::time::Duration;

use super::{Code, Reply, Server, ask, becomes, free_port};

/// How long all of it may take to find together.
const START: Duration = Duration::from_secs(20);
/// Slots of a cluster.
const SLOTS: usize = 16_384;
/// Shards of this one.
const SHARDS: usize = 3;

/// The running servers.
pub struct Cluster {
    primaries: Vec<Server>,
    replicas: Vec<Server>,
}

impl Cluster {
    /// Silence after which a server is taken for dead.
    pub const NODE_TIMEOUT: Duration = Duration::from_secs(1);

    /// Starts everything; ready when each primary has its replica.
    pub async fn start() -> Cluster {
        let (mut primaries, mut replicas) = (Vec::new(), Vec::new());
        for shard in 0..SHARDS {
            let primary = start_one().await;
            let [from, to] = [shard, shard + 1].map(|shard| shard * SLOTS / SHARDS);
            let range = [from, to - 1].map(|slot| slot.to_string());
            let epoch = (shard + 1).to_string();
            primary.say(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
            let words = ["CLUSTER", "ADDSLOTSRANGE", &range[0], &range[1]];
            primary.say(&words).await;
            primaries.push(primary);
            replicas.push(start_one().await);
        }
        let cluster = Cluster {
            primaries,
            replicas,
        };
        cluster.meet().await;
        for (primary, replica) in cluster.primaries.iter().zip(&cluster.replicas) {
            replica
                .say(&["CLUSTER", "REPLICATE", &id(primary).await])
                .await;
        }
        for primary in &cluster.primaries {
            primary.has_replicas(1).await;
        }
        // A replica takes over only where it is known to the other shards as one.
        cluster
            .all_see("replicas", |nodes| {
                nodes.lines().filter(|line| line.contains("slave")).count() == SHARDS
            })
            .await;
        cluster
    }

    /// The URL of a node.
    pub fn url(&self) -> String {
        let [first, second, third] = [0, 1, 2].map(|shard| self.primaries[shard].address());
        format!("redis-cluster://{first}?node={second}&node={third}")
    }

    /// The primaries as they were at first.
    pub fn primaries(&mut self) -> &mut [Server] {
        &mut self.primaries
    }

    /// Moves the slot of a session to the next shard, key by key, as `redis-cli --cluster reshard`
    /// does it.
    pub async fn moves(&self, code: &Code) {
        let slot = self.slot_of(code).await;
        let from = self.owner(&slot).await;
        let to = (from + 1) % SHARDS;
        let [source, target] = [from, to].map(|shard| &self.primaries[shard]);
        let [giver, taker] = [id(source).await, id(target).await];
        target
            .say(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &giver])
            .await;
        source
            .say(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &taker])
            .await;
        let port = target.port().to_string();
        loop {
            let keys = source.say(&["CLUSTER", "GETKEYSINSLOT", &slot, "1"]).await;
            let [key] = keys.list() else {
                break;
            };
            let words = ["MIGRATE", "127.0.0.1", &port, key.text(), "0", "5000"];
            source.say(&words).await;
        }
        for server in [target, source].into_iter().chain(&self.primaries) {
            server
                .say(&["CLUSTER", "SETSLOT", &slot, "NODE", &taker])
                .await;
        }
    }

    /// The shard of a session now.
    pub async fn shard_of(&self, code: &Code) -> usize {
        self.owner(&self.slot_of(code).await).await
    }

    async fn slot_of(&self, code: &Code) -> String {
        let uid = code.uid.to_string();
        let slot = self.primaries[0].say(&["CLUSTER", "KEYSLOT", &uid]).await;
        slot.number().to_string()
    }

    /// The shard whose primary says that the slot is its own.
    async fn owner(&self, slot: &str) -> usize {
        for (shard, primary) in self.primaries.iter().enumerate() {
            let words = ["CLUSTER", "COUNTKEYSINSLOT", slot];
            if primary.say(&words).await.number() > 0 {
                return shard;
            }
        }
        panic!("nobody has keys of slot {slot}");
    }

    async fn meet(&self) {
        let first = &self.primaries[0];
        for server in self.servers() {
            let [port, bus] = [server.port().to_string(), bus(server).await];
            first
                .say(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus])
                .await;
        }
        let many = 2 * SHARDS;
        self.all_see("servers", |nodes| {
            let known = nodes.lines().filter(|line| !line.contains("handshake"));
            known.count() == many
        })
        .await;
        for server in self.servers() {
            let state = async || ask(server.address(), &["CLUSTER", "INFO"]).await.unwrap();
            becomes(START, "the cluster", state, |state| {
                state.text().contains("cluster_state:ok")
            })
            .await;
        }
    }

    /// Waits until what every server says of all of them is good.
    async fn all_see(&self, what: &str, is_good: impl Fn(&str) -> bool) {
        for server in self.servers() {
            let nodes = async || ask(server.address(), &["CLUSTER", "NODES"]).await.unwrap();
            becomes(START, what, nodes, |nodes: &Reply| is_good(nodes.text())).await;
        }
    }

    fn servers(&self) -> impl Iterator<Item = &Server> {
        self.primaries.iter().chain(&self.replicas)
    }
}

/// A server that could be one of a cluster.
async fn start_one() -> Server {
    let bus = free_port().to_string();
    let timeout = Cluster::NODE_TIMEOUT.as_millis().to_string();
    Server::with(&[
        "--cluster-enabled",
        "yes",
        // By itself it would take its own port and 10000.
        "--cluster-port",
        &bus,
        "--cluster-node-timeout",
        &timeout,
    ])
    .await
}

async fn id(server: &Server) -> String {
    server.say(&["CLUSTER", "MYID"]).await.text().to_owned()
}

async fn bus(server: &Server) -> String {
    let setting = server.say(&["CONFIG", "GET", "cluster-port"]).await;
    setting.list()[1].text().to_owned()
}
