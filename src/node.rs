//! One running gateway: bound first, so that its addresses are known, then run until it is told to
//! go.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::accounts::Accounts;
use crate::action::Workshop;
use crate::bonds::Bonds;
use crate::broadcast;
use crate::broker::embedded::{Embedded, Retention, StoreError};
use crate::broker::redis::{Redis, RedisError};
use crate::broker::{Broker, SharedInbox};
use crate::clock::unix_time;
use crate::config::{BrokerUrl, Config};
use crate::doors::ops::Ops;
use crate::doors::page::Page;
use crate::doors::{Public, push};
use crate::gateway::Gateway;
use crate::hooks::Hooks;
use crate::hub::Hub;
use crate::listen::Listener;
use crate::metrics::{Metrics, lag};
use crate::outbound::RootsError;
use crate::points::Points;
use crate::random;
use crate::registry::Registry;
use crate::session::hex;
use crate::timeline::Timeline;
use crate::tls::{Certificate, TlsError};
use crate::wechat::callback::GateError;

mod account;
pub(crate) mod capacity;
pub(crate) mod drain;

use account::official_account;
use drain::drain;

/// A bound node.
pub struct Node {
    gateway: Arc<Gateway>,
    listeners: Listeners,
    certificate: Option<Arc<Certificate>>,
    tls: Option<tokio_rustls::TlsAcceptor>,
}

/// The three ways in, bound.
#[derive(Debug)]
struct Listeners {
    public: Listener,
    push: Listener,
    ops: Listener,
}

impl Listeners {
    fn bind(config: &Config) -> Result<Self, NodeError> {
        Ok(Self {
            public: listen("public", config.public.listen)?,
            push: listen("push", config.push.listen)?,
            ops: listen("ops", config.ops.listen)?,
        })
    }
}

/// Where a node listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Pages and WeChat.
    pub public: SocketAddr,
    /// Backends that push.
    pub push: SocketAddr,
    /// Operators.
    pub ops: SocketAddr,
}

/// Why a node cannot run.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A listener cannot be bound.
    #[error("could not listen on {address} for {listener}")]
    Listen {
        /// `public`, `push` or `ops`.
        listener: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error("could not set up TLS")]
    Tls(#[from] TlsError),
    /// The embedded broker cannot open its file.
    #[error("could not open the embedded broker's database")]
    Store(#[from] StoreError),
    /// Redis cannot be reached, or refuses us.
    #[error("could not join the broker at Redis")]
    Redis(#[from] RedisError),
    /// The official account's settings cannot be used.
    #[error("could not set up the official account")]
    OfficialAccount(#[from] GateError),
    /// The site's backend or the collector of traces cannot be called as it is set.
    #[error("could not set up the calls of the hook or of the collector of traces")]
    Outbound(#[from] RootsError),
}

/// Connections of the ops listener at a time.
const MOST_OPS_CONNECTIONS: usize = 256;

/// What the program was built from, where whoever built it said so.
const REVISION: &str = match option_env!("BUILD_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.addresses().fmt(f)
    }
}

impl Node {
    /// Binds a node that joins the broker of its configuration.
    pub async fn bind(config: Config) -> Result<Self, NodeError> {
        let metrics = Arc::new(Metrics::new());
        let retention = Retention {
            grace: config.session.grace,
            events: config.session.events,
            push_ids: config.session.push_ids,
        };
        let timeline = Timeline::new(&config, &metrics)?;
        let registry = Registry::new(Arc::clone(&timeline), Arc::clone(&metrics));
        let listeners = Listeners::bind(&config)?;
        let inbox = Arc::clone(&registry) as SharedInbox;
        let broker = match &config.broker.url {
            BrokerUrl::Embedded => {
                let embedded = Embedded::open(&config.data.dir, retention).await?;
                let name = own_name(listeners.public.address());
                Broker::Embedded(embedded.join(&name, inbox))
            }
            BrokerUrl::Redis(url) => {
                // A node that comes back after a crash is another one to the broker.
                let start = hex(&random::bytes::<2>());
                let name = format!("{}-{start}", own_name(listeners.public.address()));
                let settings = &config.broker;
                Broker::Redis(Redis::join(url, settings, &name, retention, inbox, &metrics).await?)
            }
        };
        Self::assemble(config, listeners, broker, registry, timeline, metrics)
    }

    /// Binds a node that shares an embedded broker with others of this process.
    pub async fn bind_with(
        config: Config,
        name: &str,
        broker: Arc<Embedded>,
    ) -> Result<Self, NodeError> {
        let metrics = Arc::new(Metrics::new());
        let timeline = Timeline::new(&config, &metrics)?;
        let registry = Registry::new(Arc::clone(&timeline), Arc::clone(&metrics));
        let listeners = Listeners::bind(&config)?;
        let member = broker.join(name, Arc::clone(&registry) as SharedInbox);
        Self::assemble(
            config,
            listeners,
            Broker::Embedded(member),
            registry,
            timeline,
            metrics,
        )
    }

    fn assemble(
        config: Config,
        listeners: Listeners,
        broker: Broker,
        registry: Arc<Registry>,
        timeline: Arc<Timeline>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, NodeError> {
        let (certificate, tls) = match (&config.public.tls_cert, &config.public.tls_key) {
            (Some(certificate), Some(key)) => {
                let certificate = Certificate::load(certificate, key)?;
                certificate.report(&metrics);
                let acceptor = certificate.acceptor()?;
                (Some(certificate), Some(acceptor))
            }
            _ => (None, None),
        };
        let register = config.bind.register;
        let hub = Hub::new(
            broker.clone(),
            registry,
            timeline,
            Arc::clone(&metrics),
            register,
        );
        let shop = Workshop {
            accounts: Accounts::new(broker.clone()),
            bonds: Bonds::new(broker.clone()),
            points: Points::new(broker.clone(), config.points.clone()),
            broker: broker.clone(),
            login_token_life: config.login.token,
        };
        let hooks = Hooks::new(&config.hook, &hub, &metrics)?;
        let wechat = official_account(&config, &hub, &shop, &hooks, &metrics)?;
        let most = capacity::websockets(&config);
        let (kind, node) = (broker.kind(), broker.name());
        tracing::info!(websockets = most, broker = kind, node, "bound");
        metrics
            .start_timestamp_seconds
            .set(unix_time().as_secs() as i64);
        metrics
            .build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION"), REVISION])
            .set(1);
        metrics.connections_limit.set(most as i64);
        Ok(Self {
            gateway: Gateway::new(config, hub, wechat, shop, hooks, metrics, most),
            listeners,
            certificate,
            tls,
        })
    }

    /// Where the node listens.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            public: self.listeners.public.address(),
            push: self.listeners.push.address(),
            ops: self.listeners.ops.address(),
        }
    }

    /// Runs until `shutdown`, then drains. Each configuration that comes through `reload` replaces
    /// the one in effect.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()>,
        mut reload: mpsc::Receiver<Config>,
    ) -> Result<(), NodeError> {
        let gateway = Arc::clone(&self.gateway);
        self.announce();
        gateway.open();
        self.open();
        tracing::info!("ready");
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(config) = reload.recv() => gateway.reload(config),
            }
        }
        drain(&gateway).await;
        Ok(())
    }

    fn announce(&self) {
        let addresses = self.addresses();
        for (listener, address) in [
            ("public", addresses.public),
            ("push", addresses.push),
            ("ops", addresses.ops),
        ] {
            tracing::info!(listener, %address, "listening");
        }
        let config = self.gateway.config();
        let limited = config.limit.qrcodes_per_minute > 0;
        if limited && config.public.trusted_proxies.is_empty() {
            tracing::warn!(
                "no trusted proxies: if one stands in front, set public.trusted_proxies, or limits \
                 by address are off"
            );
        }
        if self.gateway.wechat.is_none() {
            tracing::warn!("no official account: /qrcode and /wechat answer 503");
        }
        let links = config.wechat.template_id.is_some() || !config.confirm.actions.is_empty();
        if self.gateway.wechat.is_some() && links && config.public.url.is_none() {
            tracing::warn!(
                "public.url is not set: the links in messages and confirmations follow the Host of \
                 whoever calls"
            );
        }
        if config.push.secret.is_none() && !is_private(addresses.push) {
            tracing::warn!("the push port is open to others and has no secret");
        }
    }

    /// Starts the tasks of the node; each ends with the shutdown that they share.
    fn open(self) {
        let Self {
            gateway,
            listeners: Listeners { public, push, ops },
            certificate,
            tls,
        } = self;
        let shutdown = gateway.shutdown.clone();
        let metrics = &gateway.metrics;
        let closing = &shutdown.closing;
        let most_websockets = gateway.websockets.available_permits();
        let most_pushers = gateway.config().push.connections;
        let ops_door = Arc::new(Ops {
            gateway: Arc::clone(&gateway),
            is_private: is_private(ops.address()),
        });
        let public_door = Arc::new(Public {
            gateway: Arc::clone(&gateway),
            tls,
            page: Page::new(),
        });

        let tasks = &shutdown.tasks;
        let tracker = tasks.clone();
        tasks.spawn(public.run(
            capacity::sockets(most_websockets),
            closing.clone(),
            Arc::clone(metrics),
            move |accepted| {
                tracker.spawn(Arc::clone(&public_door).serve(accepted));
            },
        ));
        let tracker = tasks.clone();
        let pushed = Arc::clone(&gateway);
        tasks.spawn(push.run(
            most_pushers,
            closing.clone(),
            Arc::clone(metrics),
            move |accepted| {
                tracker.spawn(push::serve(Arc::clone(&pushed), accepted));
            },
        ));
        // The ops listener is the last to close: operators watch the drain through it.
        let tracker = tasks.clone();
        tasks.spawn(ops.run(
            MOST_OPS_CONNECTIONS,
            shutdown.over.clone(),
            Arc::clone(metrics),
            move |accepted| {
                tracker.spawn(Arc::clone(&ops_door).serve(accepted));
            },
        ));
        if let Some(certificate) = certificate {
            let every = gateway.config().public.tls_reload;
            tasks.spawn(certificate.watch(every, closing.clone(), Arc::clone(metrics)));
        }
        let timeline = Arc::clone(gateway.hub.timeline());
        let broker = gateway.hub.broker().clone();
        tasks.spawn(timeline.keep(broker, shutdown.over.clone()));
        shutdown.spawn_until_over(lag::watch(metrics.runtime_lag_seconds.clone()));
        let hub = Arc::clone(&gateway.hub);
        shutdown.spawn_until_over(async move { hub.watch_codes().await });
        let hub = Arc::clone(&gateway.hub);
        shutdown.spawn_until_over(async move { broadcast::carry(&hub).await });
        if let Some(hooks) = &gateway.hooks {
            hooks.start(&shutdown);
        }
        if let Some(account) = &gateway.wechat {
            let api = Arc::clone(&account.api);
            shutdown.spawn_until_over(async move { api.keep_token_fresh().await });
            let sends = Arc::clone(&account.sends);
            shutdown.spawn_until_over(sends.deliver(shutdown.tasks.clone()));
            let confirmations = Arc::clone(&account.confirmations);
            shutdown.spawn_until_over(confirmations.watch(shutdown.tasks.clone()));
        }
    }
}

fn listen(name: &'static str, address: SocketAddr) -> Result<Listener, NodeError> {
    Listener::bind(name, address).map_err(|source| NodeError::Listen {
        listener: name,
        address,
        source,
    })
}

/// The host's name with the public port: a pod's name on Kubernetes.
fn own_name(public: SocketAddr) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), public.port())
}

fn is_private(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
