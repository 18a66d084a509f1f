//! A whole installation on one machine: three gateways that share a Redis, HAProxy before them, and
//! the sandbox. HAProxy runs by the recipe of `examples/haproxy-tcp.cfg`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::family::{Family, Turn};
use crate::gateway::{self, Addresses, arguments_flag, listen_flag, reachable};
use crate::host::{Stop, ensure_free, find_programs, free_addresses};
use crate::http;
use crate::settings::{self, Settings};
use crate::state::Sandbox;

/// The recipe, with the addresses of its example.
const RECIPE: &str = include_str!("../../../examples/haproxy-tcp.cfg");
/// Gateways, as many as the recipe has.
const NODES: usize = 3;
/// How long Redis and HAProxy may take to listen.
const STARTUP: Duration = Duration::from_secs(10);

/// Three gateways and all that they need.
pub struct Cluster {
    settings: Settings,
    page: SocketAddr,
    /// Handed through to each gateway.
    gateway_arguments: Vec<String>,
}

/// Where everything is.
struct Places {
    redis: SocketAddr,
    nodes: Vec<(u32, Addresses)>,
}

/// The flags that `cluster` has beside those of `serve`.
pub fn flags() -> [Arg; 2] {
    let help = "Where HAProxy takes the pages; port 0 picks a free one";
    [
        listen_flag("page-listen", "127.0.0.1:2129", help),
        arguments_flag(),
    ]
}

impl Cluster {
    /// Reads what the command line gave.
    pub fn read(given: &ArgMatches) -> Cluster {
        let arguments = given.get_many("gateway-arguments").unwrap_or_default();
        Cluster {
            settings: Settings::read(given),
            page: settings::value(given, "page-listen"),
            gateway_arguments: arguments.cloned().collect(),
        }
    }

    /// Runs until somebody stops it, or until what all need has ended.
    ///
    /// # Errors
    /// A sentence when it cannot start.
    pub async fn run(mut self) -> Result<ExitCode, String> {
        let programs = find_programs(["redis-server", "haproxy"])?;
        self.page = ensure_free(self.page, "--page-listen")?;
        self.settings.callback = format!("http://{}/wechat", reachable(self.page));
        let (listener, sandbox) = crate::open(self.settings.clone()).await?;
        tokio::spawn(http::serve(listener, sandbox.clone()));
        let files = std::env::temp_dir().join(format!("scangate-cluster-{}", std::process::id()));
        fs::create_dir_all(&files)
            .map_err(|cause| format!("could not make {}: {cause}", files.display()))?;
        let outcome = self.live(&sandbox, programs, &files).await;
        // Nothing of it is worth keeping; a directory that stays behind is no harm.
        let _ = fs::remove_dir_all(&files);
        outcome
    }

    async fn live(
        &self,
        sandbox: &Sandbox,
        programs: [PathBuf; 2],
        files: &Path,
    ) -> Result<ExitCode, String> {
        let mut stop = Stop::watch()?;
        let mut family = Family::default();
        let started = tokio::select! {
            places = self.start(&mut family, sandbox, programs, files) => places.map(Some),
            () = stop.asked() => Ok(None),
        };
        let outcome = match started {
            Ok(Some(places)) => {
                self.welcome(sandbox, &places);
                watch(&mut family, &mut stop).await
            }
            Ok(None) => Ok(()),
            Err(fault) => Err(fault),
        };
        let ended = family.end(&mut stop).await;
        outcome?;
        Ok(if ended {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Each when what it needs is there: Redis, the gateways, HAProxy.
    async fn start(
        &self,
        family: &mut Family,
        sandbox: &Sandbox,
        [redis_server, haproxy]: [PathBuf; 2],
        files: &Path,
    ) -> Result<Places, String> {
        let [redis] = free_addresses()?;
        let mut command = redis_command(&redis_server, redis, files);
        let listens = wait_until_it_listens("redis", redis);
        family
            .start("redis", Turn::Broker, &mut command, listens)
            .await?;
        let mut nodes = Vec::new();
        for number in 1..=NODES {
            let [page, push, ops] = free_addresses()?;
            let addresses = Addresses { page, push, ops };
            let mut command = gateway::command(sandbox, addresses, &self.gateway_arguments)?;
            command
                .env("SCANGATE_BROKER_URL", format!("redis://{redis}"))
                .env("SCANGATE_PUBLIC_TRUSTED_PROXIES", "127.0.0.1")
                .env("SCANGATE_DRAIN_SECONDS", "1");
            let ready = gateway::wait_until_ready(ops);
            let name = format!("node{number}");
            let id = family
                .start(&name, Turn::Gateway, &mut command, ready)
                .await?;
            nodes.push((id, addresses));
        }
        let mut command = haproxy_command(&haproxy, &self.recipe(&nodes), files)?;
        let listens = wait_until_it_listens("haproxy", reachable(self.page));
        family
            .start("haproxy", Turn::Balancer, &mut command, listens)
            .await?;
        Ok(Places { redis, nodes })
    }

    /// The recipe with our addresses.
    fn recipe(&self, nodes: &[(u32, Addresses)]) -> String {
        let mut text = RECIPE.replace("bind :2129", &format!("bind {}", self.page));
        for (index, (_, node)) in nodes.iter().enumerate() {
            let example = format!("10.0.0.1{}:2129 check port 9129", index + 1);
            let ours = format!("{} check port {}", node.page, node.ops.port());
            text = text.replace(&example, &ours);
        }
        text
    }

    fn welcome(&self, sandbox: &Sandbox, places: &Places) {
        println!();
        println!("  Three gateways share a Redis behind HAProxy, with a pretend WeChat.");
        println!();
        let page = reachable(self.page);
        println!("    the page, through HAProxy   http://{page}/");
        println!("    the phone to scan with      {}/phone", sandbox.base);
        println!("    redis                       {}", places.redis);
        for (index, (id, node)) in places.nodes.iter().enumerate() {
            let Addresses { page, push, ops } = node;
            let number = index + 1;
            println!();
            println!("    node{number}, process {id}");
            println!("      metrics                   http://{ops}/metrics");
            println!("      the page, without HAProxy http://{page}/");
            println!("      push port                 {push}");
        }
        println!();
        println!("  Open page and phone side by side, and scan. `kill PROCESS` drains a node and");
        println!("  `kill -9 PROCESS` crashes it: the page goes on at another. Ctrl-C ends all.");
        println!();
    }
}

/// Waits until somebody stops us. Nodes may go, as long as one stays.
async fn watch(family: &mut Family, stop: &mut Stop) -> Result<(), String> {
    loop {
        let (member, how) = tokio::select! {
            () = stop.asked() => return Ok(()),
            end = family.next_end() => end,
        };
        if member.turn != Turn::Gateway || !family.has(Turn::Gateway) {
            return Err(format!("{} has ended: {how}", member.name));
        }
        println!("{} has ended: {how}. The others go on.", member.name);
    }
}

/// A Redis that writes nothing to disk.
fn redis_command(program: &Path, listen: SocketAddr, files: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--bind", &listen.ip().to_string()])
        .args(["--port", &listen.port().to_string()])
        .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"])
        .arg("--dir")
        .arg(files);
    command
}

fn haproxy_command(program: &Path, recipe: &str, files: &Path) -> Result<Command, String> {
    let file = files.join("haproxy.cfg");
    fs::write(&file, recipe)
        .map_err(|cause| format!("could not write {}: {cause}", file.display()))?;
    let mut command = Command::new(program);
    // In the foreground, and saying things once: the recipe logs to standard output.
    command.args(["-db", "-q", "-f"]).arg(file);
    Ok(command)
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

    #[test]
    fn no_address_of_the_example_is_left() {
        let cluster = Cluster {
            settings: Settings::sample(),
            page: "127.0.0.1:1".parse().unwrap(),
            gateway_arguments: Vec::new(),
        };
        let listen = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let node = Addresses {
            page: listen(2),
            push: listen(3),
            ops: listen(4),
        };
        let recipe = cluster.recipe(&[(5, node); NODES]);
        assert!(recipe.contains("bind 127.0.0.1:1\n"), "{recipe}");
        assert!(recipe.contains("server node3 127.0.0.1:2 check port 4\n"));
        assert!(!recipe.contains("10.0.0."), "{recipe}");
    }
}
