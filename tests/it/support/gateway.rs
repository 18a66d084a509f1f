//! A node in this process, on ports that the system picks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use scangate::broker::embedded::{Embedded, Retention};
use scangate::config::Config;
use scangate::metrics::Metrics;
use scangate::node::{Addresses, Node, NodeError};
use scangate::registry::Registry;
use scangate::timeline::Timeline;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, block_in_place};

use super::{Backend, Code, Page, Request, Response, Websocket, Wire, eventually, soon};

/// One running node. Name it before the pages that visit it: they leave first then, and its drop
/// can check that they left nothing behind.
pub struct Gateway {
    addresses: Addresses,
    config: Config,
    reload: mpsc::Sender<Config>,
    stop: Option<oneshot::Sender<()>>,
    run: Option<JoinHandle<Result<(), NodeError>>>,
    /// Goes with the last who needs it.
    _data: Option<TempDir>,
}

impl Gateway {
    /// A node with the settings of a test.
    pub async fn start() -> Gateway {
        Gateway::with(|_| {}).await
    }

    /// A node with settings of its own.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Gateway {
        let data = TempDir::new().unwrap();
        let mut config = settings();
        config.data.dir = data.path().to_owned();
        change(&mut config);
        let node = Node::bind(config.clone()).await.unwrap();
        Gateway::run(node, config, Some(data))
    }

    /// A node called `name` that joins others at `broker`.
    pub async fn joins(
        broker: &Arc<Embedded>,
        name: &str,
        change: impl FnOnce(&mut Config),
    ) -> Gateway {
        let mut config = settings();
        change(&mut config);
        let node = Node::bind_with(config.clone(), name, Arc::clone(broker));
        Gateway::run(node.await.unwrap(), config, None)
    }

    fn run(node: Node, config: Config, data: Option<TempDir>) -> Gateway {
        let addresses = node.addresses();
        let (stop, stopped) = oneshot::channel();
        let (reload, reloads) = mpsc::channel(1);
        let shutdown = async {
            // Dropped without a word it means the same.
            let _ = stopped.await;
        };
        let run = tokio::spawn(async move { node.run(shutdown, reloads).await });
        Gateway {
            addresses,
            config,
            reload,
            stop: Some(stop),
            run: Some(run),
            _data: data,
        }
    }

    /// Where pages and WeChat reach it.
    pub fn public(&self) -> SocketAddr {
        self.addresses.public
    }

    /// Where backends publish.
    pub fn push(&self) -> SocketAddr {
        self.addresses.push
    }

    /// Where operators ask.
    pub fn ops(&self) -> SocketAddr {
        self.addresses.ops
    }

    /// A page that has opened its websocket.
    pub async fn page(&self) -> Page {
        let wire = Wire::connect(self.public()).await;
        Page::behind(Websocket::open(wire, "/").await)
    }

    /// A backend that has connected.
    pub async fn backend(&self) -> Backend {
        Backend::at(self.push()).await
    }

    /// The answer to a request on the public listener.
    pub async fn answers(&self, request: Request) -> Response {
        request.to(self.public()).await
    }

    /// The answer to a request on the ops listener.
    pub async fn tells(&self, request: Request) -> Response {
        request.to(self.ops()).await
    }

    /// A session without a key, as another system would register it.
    pub async fn code(&self) -> Code {
        Code::registered(self.ops(), "").await
    }

    /// A session with a key.
    pub async fn code_with_key(&self) -> Code {
        Code::registered(self.ops(), r#","key":true"#).await
    }

    /// A code from `/qrcode`.
    pub async fn qrcode(&self, action: &str) -> Code {
        let path = format!("/qrcode?action={action}");
        let reply = self.answers(Request::get(&path)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        Code::from_reply(reply.text())
    }

    /// A code about an account of the site.
    pub async fn code_about(&self, action: &str, account: &str) -> Code {
        let body = serde_json::json!({"action": action, "account": account});
        let reply = self.tells(Request::post("/api/v1/sessions", body.to_string()));
        let reply = reply.await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        Code::from_reply(reply.text())
    }

    /// The value of a series now; none where it does not exist.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        self.tells(Request::get("/metrics")).await.series(series)
    }

    /// Waits until a series has this value.
    pub async fn has(&self, series: &str, value: f64) {
        eventually(series, Some(value), async || self.metric(series).await).await;
    }

    /// Takes new settings, as after a SIGHUP.
    pub async fn reloads(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.reload.send(self.config.clone()).await.unwrap();
    }

    /// Tells it to drain, as a SIGTERM does.
    pub fn is_told_to_go(&mut self) {
        let stop = self.stop.take().expect("told once");
        stop.send(()).unwrap();
    }

    /// Waits until it has drained.
    pub async fn is_gone(&mut self) {
        let run = self.run.take().expect("it goes once");
        soon("the node's end", run).await.unwrap().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() || self.run.is_none() {
            return;
        }
        block_in_place(|| {
            Handle::current().block_on(async {
                if self.stop.is_some() {
                    self.has("scangate_connections", 0.0).await;
                    self.has("scangate_bindings", 0.0).await;
                    self.is_told_to_go();
                }
                self.is_gone().await;
            });
        });
    }
}

/// A broker that nodes can join, and the directory that it needs.
pub async fn broker() -> (Arc<Embedded>, TempDir) {
    let data = TempDir::new().unwrap();
    let retention = Retention {
        grace: Duration::from_secs(60),
        events: 128,
        push_ids: 4096,
    };
    let broker = Embedded::open(data.path(), retention).await;
    (broker.unwrap(), data)
}

/// The inbox of a node where nobody is.
pub fn nobody() -> Arc<Registry> {
    let (config, metrics) = (Config::default(), Arc::new(Metrics::new()));
    let timeline = Timeline::new(&config, &metrics).unwrap();
    Registry::new(timeline, metrics)
}

/// The defaults, but on ports of its own and without ceremony at the end.
fn settings() -> Config {
    let mut config = Config::default();
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    config.public.listen = anywhere;
    config.push.listen = anywhere;
    config.ops.listen = anywhere;
    config.drain.delay = Duration::ZERO;
    config.drain.over = Duration::ZERO;
    config
}
