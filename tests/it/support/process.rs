//! The real binaries, where a process matters: signals, exit codes, what it prints.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use super::soon;

const SCANGATE: &str = env!("CARGO_BIN_EXE_scangate");

/// One running program. It is killed when it is dropped.
pub struct Program {
    child: Child,
    printed: Arc<Printed>,
}

/// One running gateway.
pub struct Process {
    program: Program,
    /// Where pages and WeChat reach it.
    pub public: SocketAddr,
    /// Where backends publish.
    pub push: SocketAddr,
    /// Where operators ask.
    pub ops: SocketAddr,
}

/// Lines of standard output and standard error.
#[derive(Default)]
struct Printed {
    lines: Mutex<Vec<String>>,
    more: Notify,
}

impl Process {
    /// Starts `scangate serve` with these variables, and waits until it has said where it listens.
    pub async fn serves(variables: &[(&str, &str)]) -> Process {
        // A loopback address of its own tells each listener's line from the others.
        let listeners = [
            ("SCANGATE_PUBLIC_LISTEN", "127.0.0.1:0"),
            ("SCANGATE_PUSH_LISTEN", "127.0.0.2:0"),
            ("SCANGATE_OPS_LISTEN", "127.0.0.3:0"),
        ];
        let program = Program::runs(SCANGATE, &["serve"], &[&listeners, variables].concat());
        Process {
            public: program.listens_on("127.0.0.1:").await,
            push: program.listens_on("127.0.0.2:").await,
            ops: program.listens_on("127.0.0.3:").await,
            program,
        }
    }
}

impl Deref for Process {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

impl DerefMut for Process {
    fn deref_mut(&mut self) -> &mut Program {
        &mut self.program
    }
}

impl Program {
    /// Starts the sandbox with these words.
    pub fn sandbox(words: &[&str]) -> Program {
        Program::runs(env!("CARGO_BIN_EXE_scangate-sandbox"), words, &[])
    }

    /// Starts any program with these words and variables.
    pub fn runs(path: impl AsRef<OsStr>, words: &[&str], variables: &[(&str, &str)]) -> Program {
        let mut child = Command::new(path)
            .args(words)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let printed = Arc::<Printed>::default();
        tokio::spawn(keep(child.stdout.take().unwrap(), Arc::clone(&printed)));
        tokio::spawn(keep(child.stderr.take().unwrap(), Arc::clone(&printed)));
        Program { child, printed }
    }

    /// The address that begins with `host`, from the first line that names one.
    pub async fn listens_on(&self, host: &str) -> SocketAddr {
        let line = self.printed.line(host).await;
        let (_, rest) = line.split_once(host).unwrap();
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
        format!("{host}{digits}").parse().unwrap()
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub async fn signals(&self, name: &str) {
        let id = self.child.id().expect("it still runs").to_string();
        let kill = Command::new("kill").args(["-s", name, &id]).status();
        assert!(kill.await.unwrap().success());
    }

    /// Waits for a line with `text` in it; returns it.
    pub async fn prints(&self, text: &str) -> String {
        self.printed.line(text).await
    }

    /// Everything that it has printed.
    pub fn said(&self) -> String {
        self.printed.lines.lock().unwrap().join("\n")
    }

    /// Waits for its end.
    pub async fn ends(&mut self) -> ExitStatus {
        soon("the end of the process", self.child.wait())
            .await
            .unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Why a test has failed is often what the program said.
        if std::thread::panicking() {
            eprintln!("{}", self.said());
        }
    }
}

/// Runs `scangate` with these words and variables to its end.
pub async fn scangate(words: &[&str], variables: &[(&str, &str)]) -> Output {
    let run = Command::new(SCANGATE)
        .args(words)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    soon("the end of the command", run).await.unwrap()
}

async fn keep(pipe: impl AsyncRead + Unpin, printed: Arc<Printed>) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        printed.lines.lock().unwrap().push(line);
        printed.more.notify_waiters();
    }
}

impl Printed {
    async fn line(&self, text: &str) -> String {
        soon(&format!("a line with {text}"), async {
            loop {
                let more = self.more.notified();
                let found = self.find(text);
                if let Some(line) = found {
                    return line;
                }
                more.await;
            }
        })
        .await
    }

    fn find(&self, text: &str) -> Option<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().find(|line| line.contains(text)).cloned()
    }
}
