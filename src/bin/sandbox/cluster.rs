//! A whole installation on one machine: gateways that share a Redis, HAProxy before them, and the
//! sandbox. HAProxy runs by the recipe of `examples/haproxy-tcp.cfg`.

mod plan;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgMatches, value_parser};
use tokio::task::JoinSet;

use crate::family::{Family, Turn};
use crate::gateway::{Addresses, arguments_flag, listen_flag, reachable};
use crate::host::{Stop, ensure_free};
use crate::http;
use crate::settings::{self, Settings};
use crate::state::Sandbox;
use plan::{MOST_NODES, Part, Plan};

/// Gateways and all that they need.
pub struct Cluster {
    settings: Settings,
    page: SocketAddr,
    nodes: usize,
    /// How long after its end a part starts again; `None` for never.
    restart_after: Option<Duration>,
    /// Handed through to each gateway.
    gateway_arguments: Vec<String>,
}

/// The flags that `cluster` has beside those of `serve`.
pub fn flags() -> [Arg; 4] {
    let help = "Where HAProxy takes the pages; port 0 picks a free one";
    [
        listen_flag("page-listen", "127.0.0.1:2129", help),
        Arg::new("nodes")
            .long("nodes")
            .value_name("COUNT")
            .default_value("3")
            .value_parser(value_parser!(u8).range(1..=MOST_NODES as i64))
            .help("How many gateways: 1 to 3"),
        Arg::new("restart-after")
            .long("restart-after")
            .value_name("SECONDS")
            .value_parser(value_parser!(u16))
            .help("Start again whatever ends, so long after; Redis then keeps all on disk"),
        arguments_flag(),
    ]
}

impl Cluster {
    /// Reads what the command line gave.
    pub fn read(given: &ArgMatches) -> Cluster {
        let arguments = given.get_many("gateway-arguments").unwrap_or_default();
        let restart_after: Option<&u16> = given.get_one("restart-after");
        Cluster {
            settings: Settings::read(given),
            page: settings::value(given, "page-listen"),
            nodes: settings::value::<u8>(given, "nodes").into(),
            restart_after: restart_after.map(|&seconds| Duration::from_secs(seconds.into())),
            gateway_arguments: arguments.cloned().collect(),
        }
    }

    /// Runs until somebody stops it, or until what all need has ended.
    ///
    /// # Errors
    /// A sentence when it cannot start.
    pub async fn run(mut self) -> Result<ExitCode, String> {
        self.page = ensure_free(self.page, "--page-listen")?;
        let is_lasting = self.restart_after.is_some();
        let plan = Plan::new(self.page, self.nodes, is_lasting, &self.gateway_arguments)?;
        self.settings.callback = format!("http://{}/wechat", reachable(self.page));
        let (listener, sandbox) = crate::open(self.settings.clone()).await?;
        tokio::spawn(http::serve(listener, sandbox.clone()));
        plan.make_files()?;
        let outcome = self.live(&sandbox, &plan).await;
        plan.remove_files();
        outcome
    }

    async fn live(&self, sandbox: &Sandbox, plan: &Plan) -> Result<ExitCode, String> {
        let mut stop = Stop::watch()?;
        let mut family = Family::default();
        let started = tokio::select! {
            processes = start(&mut family, sandbox, plan) => processes.map(Some),
            () = stop.asked() => Ok(None),
        };
        let outcome = match started {
            Ok(Some(processes)) => {
                welcome(sandbox, plan, &processes);
                self.watch(&mut family, sandbox, plan, &mut stop).await
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

    /// Waits until somebody stops us. Parts may go if they return, and nodes as long as one stays.
    async fn watch(
        &self,
        family: &mut Family,
        sandbox: &Sandbox,
        plan: &Plan,
        stop: &mut Stop,
    ) -> Result<(), String> {
        let mut returning = JoinSet::new();
        loop {
            let (member, how) = tokio::select! {
                () = stop.asked() => return Ok(()),
                end = family.next_end() => end,
                Some(part) = returning.join_next() => {
                    let part: Part = part.expect("a task that only waits does not panic");
                    let mut command = plan.command(part, sandbox)?;
                    let id = family.spawn(&part.name(), part.turn(), &mut command)?;
                    println!("{} starts again, process {id}", part.name());
                    continue;
                }
            };
            let name = &member.name;
            if let Some(pause) = self.restart_after {
                println!("{name} has ended: {how}. It starts again in {pause:?}.");
                let part = plan.parts().find(|part| part.name() == *name);
                let part = part.expect("every member is a part");
                returning.spawn(async move {
                    tokio::time::sleep(pause).await;
                    part
                });
            } else if member.turn == Turn::Gateway && family.has(Turn::Gateway) {
                println!("{name} has ended: {how}. The others go on.");
            } else {
                return Err(format!("{name} has ended: {how}"));
            }
        }
    }
}

/// Each when what it needs is there; gives the process ids, in the order of the parts.
async fn start(family: &mut Family, sandbox: &Sandbox, plan: &Plan) -> Result<Vec<u32>, String> {
    let mut processes = Vec::new();
    for part in plan.parts() {
        let mut command = plan.command(part, sandbox)?;
        let ready = plan.is_ready(part);
        let id = family
            .start(&part.name(), part.turn(), &mut command, ready)
            .await?;
        processes.push(id);
    }
    Ok(processes)
}

fn welcome(sandbox: &Sandbox, plan: &Plan, processes: &[u32]) {
    let page = reachable(plan.page);
    let process = |wanted: Part| {
        let mut all = std::iter::zip(plan.parts(), processes);
        let found = all.find(|(part, _)| *part == wanted);
        found.map_or(0, |(_, id)| *id)
    };
    println!();
    println!("  Gateways share a Redis behind HAProxy, with a pretend WeChat.");
    println!();
    println!("    the page, through HAProxy   http://{page}/");
    println!("    the phone to scan with      {}/phone", sandbox.base);
    println!("    redis                       {}", plan.redis);
    println!();
    println!("    haproxy, process {}", process(Part::Balancer));
    println!("    redis, process {}", process(Part::Redis));
    for (index, node) in plan.nodes.iter().enumerate() {
        let Addresses { page, push, ops } = node;
        let part = Part::Node(index);
        println!();
        println!("    {}, process {}", part.name(), process(part));
        println!("      metrics                   http://{ops}/metrics");
        println!("      the page, without HAProxy http://{page}/");
        println!("      push port                 {push}");
    }
    println!();
    println!("  Open page and phone side by side, and scan. `kill PROCESS` drains a node and");
    println!("  `kill -9 PROCESS` crashes it: the page goes on at another. Ctrl-C ends all.");
    println!();
}
