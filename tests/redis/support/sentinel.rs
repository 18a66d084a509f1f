//! Redis behind Sentinel: a primary, a replica, a replica of that, and three sentinels of which two
//! must agree.
//!
//! Sentinel can take ten seconds to have a second replica follow the one that took over, which is its
//! own story; this one follows it already.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Reply, Server, ask, becomes, free_port};

/// How long all of it may take to find together.
const START: Duration = Duration::from_secs(20);
/// What the sentinels call it.
const NAME: &str = "main";

/// The servers and who watches them.
pub struct Sentinel {
    servers: Vec<Server>,
    watchers: Vec<Watcher>,
}

/// One sentinel.
struct Watcher {
    address: SocketAddr,
    _directory: TempDir,
    /// Killed when dropped.
    _child: Child,
}

impl Sentinel {
    /// Silence after which a sentinel takes the primary for dead.
    pub const DOWN_AFTER: Duration = Duration::from_secs(1);

    /// Starts everything; ready when a failover could begin.
    pub async fn start() -> Sentinel {
        let mut servers = vec![Server::with(&[]).await];
        for before in 0..2 {
            let port = servers[before].port().to_string();
            servers.push(Server::with(&["--replicaof", "127.0.0.1", &port]).await);
            servers[before].has_replicas(1).await;
        }
        let watchers = (0..3).map(|_| Watcher::of(&servers[0])).collect();
        let sentinel = Sentinel { servers, watchers };
        for watcher in &sentinel.watchers {
            let knows = async || watcher.knows().await;
            let others = sentinel.watchers.len() - 1;
            becomes(START, "a sentinel", knows, |known| {
                *known == Some([1, others])
            })
            .await;
        }
        sentinel
    }

    /// The URL of a node.
    pub fn url(&self) -> String {
        let [first, rest @ ..] = self.watchers.as_slice() else {
            unreachable!("there are three");
        };
        let rest: String = rest
            .iter()
            .map(|watcher| format!("&node={}", watcher.address))
            .collect();
        format!(
            "redis-sentinel://{}?sentinelServiceName={NAME}{rest}",
            first.address
        )
    }

    /// The server that is the primary at first.
    pub fn primary(&mut self) -> &mut Server {
        &mut self.servers[0]
    }

    /// The address that the sentinels name for the primary.
    pub async fn named(&self) -> SocketAddr {
        let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
        let reply = ask(self.watchers[0].address, &words).await.unwrap();
        let [host, port] = reply.list() else {
            panic!("no address: {reply:?}");
        };
        format!("{}:{}", host.text(), port.text()).parse().unwrap()
    }
}

impl Watcher {
    fn of(primary: &Server) -> Watcher {
        let port = free_port();
        let directory = TempDir::new().unwrap();
        // It writes down in this file what it learns. Where each votes for itself, they try again after
        // twice the failover timeout.
        let file = directory.path().join("sentinel.conf");
        let settings = format!(
            "port {port}\n\
             bind 127.0.0.1\n\
             logfile log\n\
             dir {}\n\
             sentinel monitor {NAME} 127.0.0.1 {} 2\n\
             sentinel down-after-milliseconds {NAME} {}\n\
             sentinel failover-timeout {NAME} 2000\n\
             sentinel parallel-syncs {NAME} 2\n",
            directory.path().display(),
            primary.port(),
            Sentinel::DOWN_AFTER.as_millis(),
        );
        std::fs::write(&file, settings).unwrap();
        let child = Command::new("redis-server")
            .arg(&file)
            .arg("--sentinel")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server 7.0 or newer is installed");
        Watcher {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            _directory: directory,
            _child: child,
        }
    }

    /// How many replicas and other sentinels it knows.
    async fn knows(&self) -> Option<[usize; 2]> {
        let words = ["SENTINEL", "MASTER", NAME];
        let Ok(Reply::List(fields)) = ask(self.address, &words).await else {
            return None;
        };
        let number = |wanted: &str| {
            let mut pairs = fields.chunks_exact(2);
            let pair = pairs.find(|pair| pair[0].text() == wanted)?;
            pair[1].text().parse().ok()
        };
        Some([number("num-slaves")?, number("num-other-sentinels")?])
    }
}
