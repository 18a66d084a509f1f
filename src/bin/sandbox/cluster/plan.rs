//! Who makes up the installation, where each listens, and how each is started, also a second time.

use std::fs;
use std::iter::once;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::process::Command;

use crate::family::Turn;
use crate::gateway::{self, Addresses, reachable};
use crate::host::{find_programs, free_addresses};
use crate::state::Sandbox;

/// The recipe, with the addresses of its example.
const RECIPE: &str = include_str!("../../../../examples/haproxy-tcp.cfg");
/// As many gateways as the recipe has.
pub const MOST_NODES: usize = 3;
/// How long Redis and HAProxy may take to listen.
const STARTUP: Duration = Duration::from_secs(10);

/// One of those who make up the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What joins the gateways.
    Redis,
    /// A gateway, by its index.
    Node(usize),
    /// What stands before them.
    Balancer,
}

/// The whole installation.
pub struct Plan {
    /// Where HAProxy takes the pages.
    pub page: SocketAddr,
    /// Where Redis listens.
    pub redis: SocketAddr,
    /// Where the gateways listen.
    pub nodes: Vec<Addresses>,
    /// Whether Redis has to survive its own end.
    is_lasting: bool,
    /// Handed through to each gateway.
    gateway_arguments: Vec<String>,
    /// The programs of others: Redis, HAProxy.
    programs: [PathBuf; 2],
    /// Where both may keep something.
    files: PathBuf,
}

impl Part {
    /// What it is called in our output.
    pub fn name(self) -> String {
        match self {
            Part::Redis => "redis".to_owned(),
            Part::Node(index) => format!("node{}", index + 1),
            Part::Balancer => "haproxy".to_owned(),
        }
    }

    /// When it ends.
    pub fn turn(self) -> Turn {
        match self {
            Part::Redis => Turn::Broker,
            Part::Node(_) => Turn::Gateway,
            Part::Balancer => Turn::Balancer,
        }
    }
}

impl Plan {
    /// Chooses the addresses of so many gateways and of Redis.
    ///
    /// # Errors
    /// A sentence when programs or ports are missing.
    pub fn new(
        page: SocketAddr,
        nodes: usize,
        is_lasting: bool,
        gateway_arguments: &[String],
    ) -> Result<Plan, String> {
        let programs = find_programs(["redis-server", "haproxy"])?;
        let [redis] = free_addresses()?;
        let nodes = (0..nodes).map(|_| {
            let [page, push, ops] = free_addresses()?;
            Ok(Addresses { page, push, ops })
        });
        let files = format!("scangate-cluster-{}", std::process::id());
        Ok(Plan {
            page,
            redis,
            nodes: nodes.collect::<Result<_, String>>()?,
            is_lasting,
            gateway_arguments: gateway_arguments.to_vec(),
            programs,
            files: std::env::temp_dir().join(files),
        })
    }

    /// Makes the directory in which Redis and HAProxy keep their files.
    ///
    /// # Errors
    /// A sentence when it cannot be made.
    pub fn make_files(&self) -> Result<(), String> {
        let files = &self.files;
        fs::create_dir_all(files)
            .map_err(|cause| format!("could not make {}: {cause}", files.display()))
    }

    /// Removes it again: nothing of it is worth keeping.
    pub fn remove_files(&self) {
        // A directory that stays behind is no harm.
        let _ = fs::remove_dir_all(&self.files);
    }

    /// Everybody, each after those whom it needs.
    pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        let nodes = (0..self.nodes.len()).map(Part::Node);
        once(Part::Redis).chain(nodes).chain(once(Part::Balancer))
    }

    /// The command that starts `part`.
    ///
    /// # Errors
    /// A sentence when there is none.
    pub fn command(&self, part: Part, sandbox: &Sandbox) -> Result<Command, String> {
        let [redis_server, haproxy] = &self.programs;
        match part {
            Part::Redis => Ok(self.redis_command(redis_server)),
            Part::Node(index) => self.node_command(self.nodes[index], sandbox),
            Part::Balancer => self.haproxy_command(haproxy),
        }
    }

    /// Waits until `part` does its work.
    ///
    /// # Errors
    /// A sentence when it takes too long.
    pub async fn is_ready(&self, part: Part) -> Result<(), String> {
        match part {
            Part::Redis => wait_until_it_listens("redis", self.redis).await,
            Part::Node(index) => gateway::wait_until_ready(self.nodes[index].ops).await,
            Part::Balancer => wait_until_it_listens("haproxy", reachable(self.page)).await,
        }
    }

    fn redis_command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let kept = if self.is_lasting { "yes" } else { "no" };
        command
            .args(["--bind", &self.redis.ip().to_string()])
            .args(["--port", &self.redis.port().to_string()])
            .args(["--save", "", "--loglevel", "warning"])
            .args(["--appendonly", kept, "--appendfsync", "always"])
            .arg("--dir")
            .arg(&self.files);
        command
    }

    fn node_command(&self, listens: Addresses, sandbox: &Sandbox) -> Result<Command, String> {
        let mut command = gateway::command(sandbox, listens, &self.gateway_arguments)?;
        command
            .env("SCANGATE_BROKER_URL", format!("redis://{}", self.redis))
            .env("SCANGATE_PUBLIC_TRUSTED_PROXIES", "127.0.0.1")
            .env("SCANGATE_DRAIN_SECONDS", "1");
        Ok(command)
    }

    fn haproxy_command(&self, program: &Path) -> Result<Command, String> {
        let file = self.files.join("haproxy.cfg");
        fs::write(&file, self.recipe())
            .map_err(|cause| format!("could not write {}: {cause}", file.display()))?;
        let mut command = Command::new(program);
        // In the foreground, and saying things once: the recipe logs to standard output.
        command.args(["-db", "-q", "-f"]).arg(file);
        Ok(command)
    }

    /// The recipe with our addresses, and only as many gateways as there are.
    fn recipe(&self) -> String {
        let mut text = RECIPE.replace("bind :2129", &format!("bind {}", self.page));
        for index in 0..MOST_NODES {
            let server = format!("    server {}", Part::Node(index).name());
            let example = format!("{server} 10.0.0.1{}:2129 check port 9129\n", index + 1);
            let ours = self.nodes.get(index).map_or_else(String::new, |node| {
                format!("{server} {} check port {}\n", node.page, node.ops.port())
            });
            text = text.replace(&example, &ours);
        }
        text
    }
}

async fn wait_until_it_listens(name: &str, address: SocketAddr) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < STARTUP {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!(
        "{name} did not listen after {} s",
        STARTUP.as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(nodes: usize) -> Plan {
        let listen = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let node = Addresses {
            page: listen(2),
            push: listen(3),
            ops: listen(4),
        };
        Plan {
            page: listen(1),
            redis: listen(5),
            nodes: vec![node; nodes],
            is_lasting: false,
            gateway_arguments: Vec::new(),
            programs: ["redis-server".into(), "haproxy".into()],
            files: PathBuf::new(),
        }
    }

    #[test]
    fn no_address_of_the_example_is_left() {
        for nodes in 1..=MOST_NODES {
            let recipe = plan(nodes).recipe();
            assert!(recipe.contains("bind 127.0.0.1:1\n"), "{recipe}");
            let last = format!("server node{nodes} 127.0.0.1:2 check port 4\n");
            assert!(recipe.contains(&last), "{recipe}");
            assert_eq!(recipe.matches("    server ").count(), nodes, "{recipe}");
            assert!(!recipe.contains("10.0.0."), "{recipe}");
        }
    }

    #[test]
    fn everybody_comes_after_those_whom_they_need() {
        let names: Vec<_> = plan(2).parts().map(Part::name).collect();
        assert_eq!(names, ["redis", "node1", "node2", "haproxy"]);
    }
}
