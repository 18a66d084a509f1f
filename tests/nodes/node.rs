//! One node as a process, on ports that stay its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitStatus;
use std::time::Duration;

use scangate::node::Addresses;
use tempfile::TempDir;

use crate::support::{Program, Request, Response, free_port, within};

/// How long an end may take: the drain, and what a busy machine adds.
const END: Duration = Duration::from_secs(20);

/// A gateway of its own.
pub struct Node {
    /// Where it listens, before and after each restart.
    pub at: Addresses,
    variables: Vec<(String, String)>,
    program: Program,
    _data: TempDir,
}

impl Node {
    /// Starts one at the broker of `url` with these settings, and waits until it is ready.
    pub async fn starts(url: &str, settings: &[(&str, &str)]) -> Node {
        let data = TempDir::new().unwrap();
        let listen = || SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let at = Addresses {
            public: listen(),
            push: listen(),
            ops: listen(),
        };
        let own = [
            ("SCANGATE_BROKER_URL", url.to_owned()),
            ("SCANGATE_DATA_DIR", data.path().display().to_string()),
            ("SCANGATE_PUBLIC_LISTEN", at.public.to_string()),
            ("SCANGATE_PUSH_LISTEN", at.push.to_string()),
            ("SCANGATE_OPS_LISTEN", at.ops.to_string()),
            ("SCANGATE_PUBLIC_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let settings = settings.iter();
        let settings = settings.map(|&(name, value)| (name.to_owned(), value.to_owned()));
        let variables: Vec<_> = own.into_iter().chain(settings).collect();
        let program = spawn(&variables).await;
        Node {
            at,
            variables,
            program,
            _data: data,
        }
    }

    /// Dies without a word: SIGKILL.
    pub async fn dies(&mut self) {
        self.program.signals("KILL").await;
        self.program.ends().await;
    }

    /// Is told to go: SIGTERM.
    pub async fn is_told_to_go(&self) {
        self.program.signals("TERM").await;
    }

    /// Waits until it has gone by itself.
    pub async fn is_gone(&mut self) -> ExitStatus {
        within(END, "the end of a drain", self.program.ends()).await
    }

    /// Starts again where it was.
    pub async fn returns(&mut self) {
        self.program = spawn(&self.variables).await;
    }

    /// Stands still, connections open: SIGSTOP.
    pub async fn freezes(&self) {
        self.program.signals("STOP").await;
    }

    /// Goes on where it stood: SIGCONT.
    pub async fn thaws(&self) {
        self.program.signals("CONT").await;
    }

    /// The answer to a question of an operator.
    pub async fn tells(&self, path: &str) -> Response {
        Request::get(path).to(self.at.ops).await
    }

    /// The value of a series now.
    pub async fn metric(&self, series: &str) -> f64 {
        let value = self.tells("/metrics").await.series(series);
        value.unwrap_or_else(|| panic!("no {series}"))
    }

    /// How many nodes it knows, itself among them.
    pub async fn knows(&self) -> usize {
        let reply = self.tells("/api/v1/nodes").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["nodes"].as_array().unwrap().len()
    }
}

async fn spawn(variables: &[(String, String)]) -> Program {
    let pairs = variables.iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let program = Program::runs(env!("CARGO_BIN_EXE_scangate"), &["serve"], &pairs);
    program.prints("ready").await;
    program
}
