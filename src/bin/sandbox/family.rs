//! Child processes that live together: started one after the other, ended in turns.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::host::{Stop, ask_to_end};

/// How long one turn may take to end, after it was asked to.
const SHUTDOWN: Duration = Duration::from_secs(15);

/// When a member ends, where all are to: those of the first turn before the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// The gateways: they say goodbye to their pages, through the balancer.
    Gateway,
    /// The balancer, when nobody is behind it any more.
    Balancer,
    /// The broker, when nobody needs it any more.
    Broker,
}

/// One child process.
#[derive(Clone, Debug)]
pub struct Member {
    /// What it is called in our output.
    pub name: String,
    /// Its process id.
    pub id: u32,
    /// When it ends.
    pub turn: Turn,
}

/// All that live. Those who are left when it is dropped are killed.
#[derive(Default)]
pub struct Family {
    living: Vec<Member>,
    ends: JoinSet<(u32, io::Result<ExitStatus>)>,
}

impl Family {
    /// Starts a member; waits until it is `ready`, which must not come after its end.
    ///
    /// # Errors
    /// A sentence when it cannot be started, ends, or does not become ready.
    pub async fn start(
        &mut self,
        name: &str,
        turn: Turn,
        command: &mut Command,
        ready: impl Future<Output = Result<(), String>>,
    ) -> Result<u32, String> {
        let id = self.spawn(name, turn, command)?;
        tokio::select! {
            ready = ready => ready.map(|()| id),
            (member, how) = self.next_end() => Err(format!("{} has ended: {how}", member.name)),
        }
    }

    /// Starts a member, and gives its process id.
    ///
    /// # Errors
    /// A sentence when it cannot be started.
    pub fn spawn(&mut self, name: &str, turn: Turn, command: &mut Command) -> Result<u32, String> {
        // A group of its own: Ctrl-C then reaches us alone, and we pass it on in turns.
        let child = command.process_group(0).kill_on_drop(true);
        let child = child.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = child
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| format!("could not start {name}: {cause}"))?;
        let id = child.id().expect("nobody has waited for it");
        let name = name.to_owned();
        tokio::spawn(relay(name.clone(), child.stdout.take()));
        tokio::spawn(relay(name.clone(), child.stderr.take()));
        self.ends.spawn(async move { (id, child.wait().await) });
        self.living.push(Member { name, id, turn });
        Ok(id)
    }

    /// The next one that ends, and how; for ever, where nobody lives.
    pub async fn next_end(&mut self) -> (Member, String) {
        let Some(ended) = self.ends.join_next().await else {
            return std::future::pending().await;
        };
        let (id, status) = ended.expect("a task that only waits does not panic");
        let how = match status {
            Ok(status) => status.to_string(),
            Err(cause) => format!("could not wait for it: {cause}"),
        };
        let index = self.living.iter().position(|member| member.id == id);
        let index = index.expect("whoever ends has lived");
        (self.living.swap_remove(index), how)
    }

    /// Whether a member of this turn lives.
    pub fn has(&self, turn: Turn) -> bool {
        self.living.iter().any(|member| member.turn == turn)
    }

    /// Asks everybody to end, turn by turn. Insists after a while, or when we are asked again.
    ///
    /// Gives whether everybody ended by themselves.
    pub async fn end(mut self, stop: &mut Stop) -> bool {
        tokio::select! {
            ended = self.end_in_turns() => ended,
            () = stop.asked() => false,
        }
    }

    async fn end_in_turns(&mut self) -> bool {
        for turn in [Turn::Gateway, Turn::Balancer, Turn::Broker] {
            for member in self.living.iter().filter(|member| member.turn == turn) {
                ask_to_end(member.id).await;
            }
            let gone = async {
                while self.has(turn) {
                    self.next_end().await;
                }
            };
            if timeout(SHUTDOWN, gone).await.is_err() {
                return false;
            }
        }
        true
    }
}

/// Passes on what a member says, with its name before it.
async fn relay(name: String, pipe: Option<impl AsyncRead + Unpin>) {
    let Some(pipe) = pipe else { return };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{name:>7} | {line}");
    }
}
