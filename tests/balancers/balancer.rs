//! A balancer that runs by a file of `examples/`, with other addresses and shorter times in it.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use scangate::config::Config;
use scangate::node::Addresses;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::support::{
    Certificate, CertificateFiles, Gateway, Page, Program, Request, Response, Websocket, Wire,
    eventually,
};

/// A way to put a balancer before the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// `examples/haproxy-tcp.cfg`
    HaproxyTcp,
    /// `examples/haproxy-http.cfg`
    HaproxyHttp,
    /// `examples/nginx.conf`
    Nginx,
}

/// How long a connection may be idle at the balancers of these tests; 75 s in the files.
pub const IDLE: Duration = Duration::from_secs(3);

/// What an installation sets at its nodes: the balancer is believed.
pub fn trusts_the_balancer(config: &mut Config) {
    config.public.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
}

/// A running balancer.
pub struct Balancer {
    /// The process, with what it prints.
    pub program: Program,
    recipe: Recipe,
    address: SocketAddr,
    certificate: Option<Certificate>,
    files: TempDir,
}

impl Balancer {
    /// Starts one before these nodes, and waits until it serves. A connection may be idle for
    /// [`IDLE`].
    pub async fn before(nodes: &[&Gateway], recipe: Recipe) -> Balancer {
        let nodes = nodes.iter().map(|node| Addresses {
            public: node.public(),
            push: node.push(),
            ops: node.ops(),
        });
        let idle = format!("{}s", IDLE.as_secs());
        Balancer::with(&nodes.collect::<Vec<_>>(), recipe, |text, _| {
            assert!(text.contains("75s"), "no 75s in the example");
            text.replace("75s", &idle)
        })
        .await
    }

    /// Starts one before the nodes at these addresses. `change` makes the file what it is, and is
    /// told where the balancer listens.
    pub async fn with(
        nodes: &[Addresses],
        recipe: Recipe,
        change: impl FnOnce(String, SocketAddr) -> String,
    ) -> Balancer {
        let files = TempDir::new().unwrap();
        let address = address_of_its_own();
        let certificate = (recipe != Recipe::HaproxyTcp).then(Certificate::new);
        if let Some(certificate) = &certificate {
            write_pem(certificate, &files.path().join("cert.pem"));
        }
        let text = change(recipe.adapted(nodes, address, files.path()), address);
        fs::write(files.path().join("balancer.conf"), text).unwrap();
        let mut balancer = Balancer {
            program: recipe.runs(files.path()),
            recipe,
            address,
            certificate,
            files,
        };
        balancer.listens().await;
        balancer
    }

    async fn listens(&mut self) {
        let address = self.address;
        let listening = eventually("whether it listens", true, async || {
            TcpStream::connect(address).await.is_ok()
        });
        tokio::select! {
            () = listening => {}
            status = self.program.ends() => panic!("it has ended: {status}"),
        }
    }

    /// Where it takes the pages.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Dies without a word, and with every connection: SIGKILL.
    pub async fn dies(&mut self) {
        self.program.signals("KILL").await;
        self.program.ends().await;
    }

    /// Starts again where it was.
    pub async fn returns(&mut self) {
        self.program = self.recipe.runs(self.files.path());
        self.listens().await;
    }

    /// A connection to it from an address of this machine.
    pub async fn wire_from(&self, source: [u8; 4]) -> Wire {
        let wire = Wire::connect_from(source, self.address).await;
        match &self.certificate {
            None => wire,
            Some(certificate) => {
                let trust = Certificate::trusted(&[certificate]);
                wire.starts_tls(trust).await.unwrap()
            }
        }
    }

    /// The answer to a visitor at this address.
    pub async fn answers(&self, source: [u8; 4], request: &Request) -> Response {
        request.over(&mut self.wire_from(source).await).await
    }

    /// A page that has come through it, as browsers do: with the Origin of its own.
    pub async fn page(&self) -> Page {
        let wire = self.wire_from([127, 0, 0, 2]).await;
        let scheme = self.certificate.as_ref().map_or("http", |_| "https");
        let origin = format!("{scheme}://{}", wire.host);
        let request = Websocket::request("/ws").header("Origin", &origin);
        Page::behind(Websocket::knock(wire, &request).await.unwrap())
    }
}

impl Recipe {
    /// The file of `examples/`, for these nodes.
    fn adapted(self, nodes: &[Addresses], address: SocketAddr, files: &Path) -> String {
        let path = match self {
            Recipe::HaproxyTcp => "examples/haproxy-tcp.cfg",
            Recipe::HaproxyHttp => "examples/haproxy-http.cfg",
            Recipe::Nginx => "examples/nginx.conf",
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let mut text = fs::read_to_string(path).unwrap();
        let mut replace = |from: &str, to: &str| {
            assert!(text.contains(from), "no {from} in the example");
            text = text.replace(from, to);
        };
        let certificate = files.join("cert.pem");
        let certificate = certificate.to_str().unwrap();
        match self {
            Recipe::HaproxyTcp => replace("bind :2129", &format!("bind {address}")),
            Recipe::HaproxyHttp => {
                replace("bind :443", &format!("bind {address}"));
                replace("/etc/haproxy/certs/scan.example.com.pem", certificate);
            }
            Recipe::Nginx => {
                replace("listen 443", &format!("listen {address}"));
                replace("/etc/nginx/certs/scan.example.com.pem", certificate);
                replace("/etc/nginx/certs/scan.example.com.key", certificate);
                // Files that the packages of distributions put where only root may write.
                replace("http {", &nginx_files(files));
            }
        }
        for (index, node) in nodes.iter().enumerate() {
            let example = format!("10.0.0.1{}:2129", index + 1);
            let Addresses { public, ops, .. } = node;
            replace(&example, &public.to_string());
            if self != Recipe::Nginx {
                let example = format!("{public} check port 9129");
                replace(&example, &format!("{public} check port {}", ops.port()));
            }
        }
        // The nodes that an example has and a test has not.
        let lines = text.lines().filter(|line| !line.contains(" 10.0.0.1"));
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn runs(self, files: &Path) -> Program {
        let file = files.join("balancer.conf");
        let file = file.to_str().unwrap();
        if self != Recipe::Nginx {
            return Program::runs(find("haproxy"), &["-db", "-f", file], &[]);
        }
        // One process, which goes when it is killed: workers would outlive their master.
        let own = format!(
            "daemon off; master_process off; pid {}/pid;",
            files.display()
        );
        let words = ["-c", file, "-e", "stderr", "-g", &own];
        Program::runs(find("nginx"), &words, &[])
    }
}

/// Writes certificate and key into one file, as HAProxy wants them.
fn write_pem(certificate: &Certificate, path: &Path) {
    let mut config = Config::default();
    let files = CertificateFiles::with(certificate);
    files.serve(&mut config);
    let parts = [config.public.tls_cert, config.public.tls_key];
    let parts = parts.map(|part| fs::read_to_string(part.unwrap()).unwrap());
    fs::write(path, parts.concat()).unwrap();
}

/// The start of nginx's `http` block, with its files in a directory of ours.
fn nginx_files(files: &Path) -> String {
    let files = files.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths = kinds.map(|kind| format!("{kind}_temp_path {files}/{kind};"));
    format!("http {{ access_log off; {}", paths.join(" "))
}

/// An address of this machine that no other test has: a balancer must be told where to listen.
fn address_of_its_own() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(80);
    let [.., high, low] = std::process::id().to_be_bytes();
    let net = NEXT.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from(([127, net, high, low], 2129))
}

/// Where a program is. Servers are often kept where not everybody looks for programs.
fn find(name: &str) -> PathBuf {
    let path = env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    let mut files = folders.map(|folder| Path::new(folder).join(name));
    let found = files.find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing; `.ci/install {name}` gets it"))
}
