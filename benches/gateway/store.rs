//! The Redis under test: one server, or a Cluster of three primaries, that keeps nothing on disk.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::failure::Failure;
use crate::options::Broker;

/// Running servers. Dropping it kills them.
pub struct Store {
    shards: Vec<Shard>,
    /// How the nodes reach it.
    pub url: String,
}

struct Shard {
    port: u16,
    process: Child,
    /// Where a member of a Cluster notes who the others are; nothing else is written.
    directory: TempDir,
}

const PROGRAM: &str = "redis-server";

/// Below the ports that connections go out from: while a server is away nobody else takes its port,
/// and nobody who looks for it there finds himself.
const PORTS: std::ops::Range<u16> = 21_000..32_000;

/// How far a member's port for the other members is from its own.
const BUS: u16 = 300;

const PRIMARIES: u16 = 3;
const SLOTS: u16 = 16_384;

/// How long nobody is there after a loss: so long that the nodes knock less often.
const AWAY: Duration = Duration::from_secs(2);

/// How long servers may take to start, and members to find together.
const PATIENCE: Duration = Duration::from_secs(30);

impl Store {
    /// Whether there is a Redis on this machine at all.
    pub async fn is_there() -> bool {
        let mut version = Command::new(PROGRAM);
        version.arg("--version").stdout(Stdio::null());
        version.status().await.is_ok_and(|status| status.success())
    }

    /// Starts it and waits until it answers.
    pub async fn start(broker: Broker) -> Result<Self, Failure> {
        let is_cluster = broker == Broker::Cluster;
        let many = if is_cluster { PRIMARIES } else { 1 };
        let mut shards = Vec::new();
        for port in free_ports().take(usize::from(many)) {
            let directory = TempDir::new()?;
            let process = server(port, is_cluster, &directory)?;
            shards.push(Shard {
                port,
                process,
                directory,
            });
        }
        let url = match (&shards[..], is_cluster) {
            ([first, ..], true) => format!("redis-cluster://127.0.0.1:{}", first.port),
            ([first, ..], false) => format!("redis://127.0.0.1:{}", first.port),
            ([], _) => return Err(io::Error::other("no free port").into()),
        };
        let store = Self { shards, url };
        store.until("PING", "PONG").await?;
        if is_cluster {
            store.join().await?;
        }
        Ok(store)
    }

    /// Kills every server and, after [`AWAY`], starts it again, empty, where it was. Returns once
    /// it answers.
    pub async fn lose_everything(&mut self) -> Result<(), Failure> {
        for shard in &mut self.shards {
            shard.process.kill().await?;
        }
        sleep(AWAY).await;
        let is_cluster = self.is_cluster();
        for shard in &mut self.shards {
            shard.process = server(shard.port, is_cluster, &shard.directory)?;
        }
        self.until("PING", "PONG").await?;
        if is_cluster {
            self.until("CLUSTER INFO", "cluster_state:ok").await?;
        }
        Ok(())
    }

    /// The ids of its processes.
    pub fn processes(&self) -> Vec<u32> {
        let id = |shard: &Shard| shard.process.id().expect("nobody has waited for it");
        self.shards.iter().map(id).collect()
    }

    fn is_cluster(&self) -> bool {
        self.shards.len() > 1
    }

    /// Makes a Cluster of the servers, each with an equal part of the slots.
    async fn join(&self) -> Result<(), Failure> {
        for (number, shard) in (0..).zip(&self.shards) {
            let first = number * SLOTS / PRIMARIES;
            let last = (number + 1) * SLOTS / PRIMARIES - 1;
            ask(shard.port, &format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await?;
            ask(
                shard.port,
                &format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1),
            )
            .await?;
            let first = self.shards[0].port;
            let meet = format!("CLUSTER MEET 127.0.0.1 {first} {}", first + BUS);
            ask(shard.port, &meet).await?;
        }
        self.until("CLUSTER INFO", "cluster_state:ok").await
    }

    /// Asks every server until it says `wanted`.
    async fn until(&self, question: &str, wanted: &str) -> Result<(), Failure> {
        let patience = Instant::now() + PATIENCE;
        for shard in &self.shards {
            loop {
                let answer = ask(shard.port, question).await;
                if matches!(&answer, Ok(answer) if answer.contains(wanted)) {
                    break;
                }
                if Instant::now() > patience {
                    return Err(Failure::Answer(answer?));
                }
                sleep(Duration::from_millis(5)).await;
            }
        }
        Ok(())
    }
}

/// Starts one server.
fn server(port: u16, is_cluster: bool, directory: &TempDir) -> Result<Child, Failure> {
    let mut command = Command::new(PROGRAM);
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(directory.path());
    if is_cluster {
        command
            .args(["--cluster-enabled", "yes"])
            .args(["--cluster-announce-ip", "127.0.0.1"])
            .args(["--cluster-port", &(port + BUS).to_string()]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    Ok(command.spawn()?)
}

/// Ports that nobody listens on, nor on the one for the other members.
fn free_ports() -> impl Iterator<Item = u16> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    // Benches that run at the same time begin in different places.
    let width = usize::from(PORTS.end - PORTS.start);
    let begin = std::process::id() as usize * 7 % width;
    PORTS
        .cycle()
        .skip(begin)
        .take(width)
        .filter(move |&port| is_free(port) && is_free(port + BUS))
}

/// Sends one inline command; the whole answer.
async fn ask(port: u16, command: &str) -> io::Result<String> {
    let mut tcp = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    tcp.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await?;
    Ok(answer)
}
