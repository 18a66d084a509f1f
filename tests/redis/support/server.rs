//! One `redis-server` process: started on a free port in a directory of its own, killed when
//! dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Reply, ask, becomes};

/// How long a server may take to start, on a machine that is busy with other things too.
const START: Duration = Duration::from_secs(10);

/// A running server.
pub struct Server {
    port: u16,
    settings: Vec<String>,
    directory: TempDir,
    child: Child,
}

impl Server {
    /// A server that keeps nothing on disk.
    pub async fn start() -> Server {
        Server::with(&[]).await
    }

    /// A server that has on disk whatever it has answered.
    pub async fn durable() -> Server {
        Server::with(&["--appendonly", "yes", "--appendfsync", "always"]).await
    }

    /// A server with these settings. Without others it keeps nothing on disk.
    pub async fn with(settings: &[&str]) -> Server {
        Server::at(free_port(), settings).await
    }

    /// A Cluster of one server; ready when it has all slots.
    pub async fn cluster_of_one() -> Server {
        let bus = free_port().to_string();
        let server = Server::with(&Server::cluster_settings(&bus)).await;
        server.has_all_slots().await;
        server
    }

    /// The settings of a Cluster of one that talks to others, if there were any, at this port.
    pub fn cluster_settings(bus: &str) -> [&str; 6] {
        // Alone it has nobody to learn its address from.
        let announced = ["--cluster-announce-ip", "127.0.0.1"];
        let [ip, address] = announced;
        [
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            bus,
            ip,
            address,
        ]
    }

    /// Takes all slots; ready when it serves them.
    pub async fn has_all_slots(&self) {
        self.say(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
        let info = async || self.say(&["CLUSTER", "INFO"]).await;
        becomes(START, "the cluster", info, |info| {
            info.text().contains("cluster_state:ok")
        })
        .await;
    }

    /// The URL of a node that uses this server as a Cluster.
    pub fn cluster_url(&self) -> String {
        format!("redis-cluster://{}", self.address())
    }

    /// A server on a given port.
    pub async fn at(port: u16, settings: &[&str]) -> Server {
        let directory = TempDir::new().unwrap();
        let settings: Vec<_> = settings.iter().map(|&word| word.to_owned()).collect();
        let child = spawn(port, &settings, &directory);
        let server = Server {
            port,
            settings,
            directory,
            child,
        };
        server.is_up().await;
        server
    }

    /// The URL of a node that uses this server alone.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Says something to it; the reply must be no error.
    pub async fn say(&self, words: &[&str]) -> Reply {
        let reply = ask(self.address(), words).await.unwrap();
        assert!(!matches!(reply, Reply::Error(_)), "{words:?}: {reply:?}");
        reply
    }

    /// Cuts every connection that has subscriptions; commands go on.
    pub async fn drops_subscribers(&self) -> i64 {
        self.say(&["CLIENT", "KILL", "TYPE", "pubsub"])
            .await
            .number()
    }

    /// Cuts every connection that has none.
    pub async fn drops_commands(&self) -> i64 {
        self.say(&["CLIENT", "KILL", "TYPE", "normal"])
            .await
            .number()
    }

    /// Lets no replica follow it any more; what is written from now on, it alone has.
    pub async fn parts_from_replicas(&self) {
        self.say(&["ACL", "SETUSER", "default", "-psync", "-sync"])
            .await;
        self.say(&["CLIENT", "KILL", "TYPE", "replica"]).await;
        self.has_replicas(0).await;
    }

    /// Stops dead, connections open: SIGSTOP.
    pub async fn freezes(&self) {
        self.signal("STOP").await;
    }

    /// Goes on where it stopped: SIGCONT.
    pub async fn thaws(&self) {
        self.signal("CONT").await;
    }

    /// Dies without a word: SIGKILL.
    pub async fn dies(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts again where it was, but with other settings.
    pub async fn returns_with(&mut self, settings: &[&str]) {
        self.settings = settings.iter().map(|&word| word.to_owned()).collect();
        self.returns().await;
    }

    /// Starts again where it was, with whatever it has on disk.
    pub async fn returns(&mut self) {
        self.child = spawn(self.port, &self.settings, &self.directory);
        self.is_up().await;
    }

    /// Waits until so many replicas follow it.
    pub async fn has_replicas(&self, many: usize) {
        let question = async || {
            let told = self.say(&["INFO", "replication"]).await;
            told.text().matches("state=online").count()
        };
        becomes(START, "replicas", question, |online| *online == many).await;
    }

    async fn is_up(&self) {
        let own = format!("process_id:{}\r", self.child.id().unwrap());
        let question = async || ask(self.address(), &["INFO"]).await;
        // Ours, and nobody else's on that port; a server that loads its data says so instead.
        becomes(START, "redis-server", question, |answer| match answer {
            Ok(Reply::Text(text)) => text.contains(&own) && text.contains("\nloading:0"),
            Ok(Reply::Error(error)) => error.starts_with("NOAUTH"),
            _ => false,
        })
        .await;
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let kill = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(kill.unwrap().success());
    }
}

fn spawn(port: u16, settings: &[String], directory: &TempDir) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--dir".as_ref(), directory.path().as_os_str()])
        .args(["--logfile", "log", "--save", ""])
        // A replica gets its copy at once, and not when others may have come too.
        .args(["--repl-diskless-sync-delay", "0"])
        .args(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server 7.0 or newer is installed")
}

/// A port that nobody uses, below those that the system gives to clients: a client that asks again
/// and again for a server that is away could otherwise get the server's own port.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 100) as u16 * 100;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
