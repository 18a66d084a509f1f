//! What every door is handed: the hub and all else that one node has once.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Semaphore;

use crate::action::Workshop;
use crate::client::{self, Client};
use crate::config::Config;
use crate::confirm::Confirmations;
use crate::connection::{Rules, Traffic};
use crate::hooks::Hooks;
use crate::http::{self, Request, Scheme};
use crate::hub::Hub;
use crate::limits::{PerAddress, PerMinute};
use crate::metrics::Metrics;
use crate::scan::Scans;
use crate::send::Sends;
use crate::shutdown::Shutdown;
use crate::wechat::api::Api;
use crate::wechat::callback::Gate;

mod state;

pub use state::NodeState;

/// One node, as its doors see it.
#[derive(Debug)]
pub struct Gateway {
    /// The configuration in effect; a reload replaces it.
    pub config: ArcSwap<Config>,
    /// Sessions and connections.
    pub hub: Arc<Hub>,
    /// The official account; None where none is configured.
    pub wechat: Option<OfficialAccount>,
    /// What actions work with.
    pub shop: Workshop,
    /// What tells the site's own backend; None where it is told nothing.
    pub hooks: Option<Arc<Hooks>>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// How the node goes.
    pub shutdown: Shutdown,
    /// Bounds the websockets in all.
    pub websockets: Arc<Semaphore>,
    /// Bounds the websockets of one address.
    pub websockets_by_address: Arc<PerAddress>,
    /// Bounds the codes for one address.
    pub codes_by_address: PerMinute,
    /// Bounds the send tokens that are none, for one address.
    pub send_failures: PerMinute,
    /// What connections may do; made anew with the configuration.
    rules: ArcSwap<Rules>,
    told_of_stranger: AtomicBool,
    open: AtomicBool,
}

/// The platform, both ways.
#[derive(Debug)]
pub struct OfficialAccount {
    /// Our calls.
    pub api: Arc<Api>,
    /// Its callbacks, verified.
    pub gate: Gate,
    /// Its callbacks, taken.
    pub scans: Arc<Scans>,
    /// Messages to persons.
    pub sends: Arc<Sends>,
    /// Scans that their person confirms first.
    pub confirmations: Arc<Confirmations>,
}

impl Gateway {
    /// Puts the node's parts together.
    pub fn new(
        config: Config,
        hub: Arc<Hub>,
        wechat: Option<OfficialAccount>,
        shop: Workshop,
        hooks: Option<Arc<Hooks>>,
        metrics: Arc<Metrics>,
        most_websockets: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            rules: ArcSwap::from_pointee(rules(&config, &metrics)),
            config: ArcSwap::from_pointee(config),
            hub,
            wechat,
            shop,
            hooks,
            metrics,
            shutdown: Shutdown::default(),
            websockets: Arc::new(Semaphore::new(most_websockets)),
            websockets_by_address: Arc::default(),
            codes_by_address: PerMinute::default(),
            send_failures: PerMinute::default(),
            told_of_stranger: AtomicBool::new(false),
            open: AtomicBool::new(false),
        })
    }

    /// From now on the doors are open.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// Whether the doors have been opened.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// The configuration in effect. Not to be kept across a wait.
    pub fn config(&self) -> Guard<Arc<Config>> {
        self.config.load()
    }

    /// Takes a configuration; what it says of connections holds for new ones.
    pub fn reload(&self, config: Config) {
        self.rules.store(Arc::new(rules(&config, &self.metrics)));
        self.config.store(Arc::new(config));
    }

    /// What a new connection may do.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// Whether `peer` is a proxy whose headers are believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let config = self.config();
        let trusted = &config.public.trusted_proxies;
        trusted.iter().any(|net| net.contains(&peer))
    }

    /// Who is asking; the first forwarded header of a stranger is told of.
    pub fn client(&self, peer: IpAddr, request: &Request) -> Client {
        let config = self.config();
        let client = Client::of(peer, request.headers(), &config.public.trusted_proxies);
        if client::is_forwarded(request.headers())
            && !self.trusts(peer)
            && !self.told_of_stranger.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                %peer,
                "a forwarded header came from a peer that is not in public.trusted_proxies; \
                 it is not believed, and limits by address are off for proxies of the private network"
            );
        }
        client
    }

    /// By which address people reach us: as configured, or as whoever sends this request does.
    pub fn base_url(&self, scheme: Scheme, request: &Request) -> String {
        if let Some(url) = &self.config().public.url {
            return url.clone();
        }
        format!("{scheme}://{}", http::header(request, "host"))
    }

    /// Whether the page that sends this request may use the gateway. A request without an Origin
    /// is no browser's, and welcome.
    pub fn admits_origin(&self, request: &Request) -> bool {
        let Some(origin) = request.headers().get(hyper::header::ORIGIN) else {
            return true;
        };
        let host = http::header(request, "host");
        origin
            .to_str()
            .is_ok_and(|origin| self.config().public.origins.allows(origin, host))
    }
}

fn rules(config: &Config, metrics: &Metrics) -> Rules {
    Rules {
        message_bytes: config.limit.message_bytes,
        queue_bytes: config.limit.queue_bytes,
        frames_per_second: Some(config.limit.messages_per_second),
        ping_after: config.ping.interval(),
        silence: config.heartbeat.after,
        traffic: Traffic::of(metrics),
    }
}
