//! The server under test: a child process, its addresses, its own count of websockets.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore, client::Resumption};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::failure::Failure;
use crate::measure;

/// What can be measured.
#[derive(Clone, Copy)]
pub enum Program {
    /// The program that is shipped.
    Gateway,
    /// The least that a program can do: see [`crate::floor`].
    Floor,
}

/// A running server. Dropping it kills the process.
pub struct Server {
    child: Child,
    addresses: HashMap<String, SocketAddr>,
    /// What the gateway keeps on disk; gone with the server.
    _data: TempDir,
}

/// Nothing limits the load, and nothing but the load speaks: no pings, no heartbeat. The sessions
/// are those that the pages register by binding.
const SETTINGS: &[(&str, &str)] = &[
    // Huge pages would round what the websockets cost up to the next 2 MiB.
    ("MIMALLOC_ALLOW_THP", "0"),
    ("SCANGATE_PUBLIC_LISTEN", "127.0.0.1:0"),
    ("SCANGATE_PUSH_LISTEN", "127.0.0.1:0"),
    ("SCANGATE_OPS_LISTEN", "127.0.0.1:0"),
    ("SCANGATE_LOG_FORMAT", "json"),
    ("SCANGATE_BIND_REGISTER", "true"),
    ("SCANGATE_SESSION_GRACE_SECONDS", "0"),
    ("SCANGATE_HEARTBEAT_SECONDS", "86400"),
    ("SCANGATE_PING_SECONDS", "0"),
    ("SCANGATE_LIMIT_CONNECTIONS", "0"),
    ("SCANGATE_LIMIT_MESSAGES_PER_SECOND", "1000000"),
];

/// How long a server may take to start, or to notice what its pages did.
const PATIENCE: Duration = Duration::from_secs(30);

impl Server {
    /// Starts a server and waits until it has said where it listens. It joins the others at
    /// `broker`, a URL, if there is one.
    pub async fn start(
        program: Program,
        certificate: Option<&Certificate>,
        broker: Option<&str>,
    ) -> Result<Self, Failure> {
        let data = TempDir::new()?;
        let mut command = program.command()?;
        command
            .env("SCANGATE_DATA_DIR", data.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(certificate) = certificate {
            command
                .env("SCANGATE_PUBLIC_TLS_CERT", certificate.path("cert.pem"))
                .env("SCANGATE_PUBLIC_TLS_KEY", certificate.path("key.pem"));
        }
        if let Some(url) = broker {
            command.env("SCANGATE_BROKER_URL", url);
        }
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().expect("it was piped");
        let mut log = BufReader::new(stderr).lines();
        let addresses = timeout(PATIENCE, addresses(&mut log))
            .await
            .map_err(|_| Failure::NotStarted("nothing for long".to_owned()))??;
        // A full pipe would stop the server at its next word.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Ok(Self {
            child,
            addresses,
            _data: data,
        })
    }

    /// Where one of [`LISTENERS`] listens.
    pub fn address(&self, listener: &str) -> SocketAddr {
        self.addresses[listener]
    }

    /// CPU time used up to now.
    pub fn cpu_time(&self) -> Result<Duration, Failure> {
        measure::cpu_time(self.process())
    }

    /// Bytes of user memory, once the server holds `websockets` by its own count and has had a
    /// moment to give back what it needed for the way there.
    pub async fn settled_bytes(&self, websockets: usize) -> Result<u64, Failure> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let found = self.websockets().await?;
            if found == websockets {
                break;
            }
            if Instant::now() > patience {
                return Err(Failure::Connections {
                    found,
                    expected: websockets,
                });
            }
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(200)).await;
        measure::anonymous_bytes(self.process())
    }

    /// The server's own count, from its metrics.
    async fn websockets(&self) -> Result<usize, Failure> {
        let mut ops = TcpStream::connect(self.address("ops")).await?;
        ops.write_all(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            .await?;
        let mut reply = String::new();
        ops.read_to_string(&mut reply).await?;
        reply
            .lines()
            .find_map(|line| line.strip_prefix("scangate_connections ")?.parse().ok())
            .ok_or(Failure::Answer(reply))
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id().expect("nobody has waited for it")
    }
}

/// The listeners, by the names that they have in the log.
pub const LISTENERS: [&str; 3] = ["public", "push", "ops"];

/// Reads the log up to the line that completes the addresses: JSON lines with `listener` and `address`.
async fn addresses(
    log: &mut Lines<BufReader<ChildStderr>>,
) -> Result<HashMap<String, SocketAddr>, Failure> {
    #[derive(serde::Deserialize)]
    struct Bound {
        listener: String,
        address: SocketAddr,
    }
    let mut addresses = HashMap::new();
    let mut last = String::new();
    while addresses.len() < LISTENERS.len() {
        let line = log.next_line().await?.ok_or(Failure::NotStarted(last))?;
        if let Ok(bound) = serde_json::from_str::<Bound>(&line) {
            addresses.insert(bound.listener, bound.address);
        }
        last = line;
    }
    Ok(addresses)
}

impl Program {
    /// How it is started, with our settings and nothing else in its environment.
    fn command(self) -> Result<Command, Failure> {
        let mut command = match self {
            Program::Gateway => Command::new(env!("CARGO_BIN_EXE_scangate")),
            Program::Floor => Command::new(std::env::current_exe()?),
        };
        if let Program::Floor = self {
            command.arg("--floor");
        }
        command.env_clear().envs(SETTINGS.iter().copied());
        Ok(command)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Program::Gateway => "gateway",
            Program::Floor => "floor",
        })
    }
}

/// A certificate for `localhost`, ECDSA P-256, signed by itself.
pub struct Certificate {
    directory: TempDir,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Makes one, as PEM files in a directory that goes with it.
    pub fn new() -> Result<Self, Failure> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let directory = TempDir::new()?;
        std::fs::write(directory.path().join("cert.pem"), made.cert.pem())?;
        let key = made.signing_key.serialize_pem();
        std::fs::write(directory.path().join("key.pem"), key)?;
        Ok(Self {
            directory,
            der: made.cert.der().clone(),
        })
    }

    /// What a page needs to trust it; every handshake is a full one.
    pub fn client(&self) -> Result<Arc<ClientConfig>, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone())?;
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.directory.path().join(file)
    }
}
