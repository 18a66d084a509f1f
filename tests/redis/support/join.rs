//! Nodes in this process that join the broker at a URL.

use std::time::Duration;

use scangate::broker::Broker;
use scangate::broker::embedded::Retention;
use scangate::broker::redis::Redis;
use scangate::config::{BrokerUrl, Config};
use scangate::metrics::Metrics;

use super::{Gateway, nobody};

/// A node at the broker of `url`.
pub async fn joins(url: &str) -> Gateway {
    joins_with(url, |_| {}).await
}

/// A node at the broker of `url` with settings of its own.
pub async fn joins_with(url: &str, change: impl FnOnce(&mut Config)) -> Gateway {
    Gateway::with(|config| {
        config.broker.url = BrokerUrl::Redis(url.to_owned());
        // Whatever an outage brings together is kept.
        config.session.events = 10_000;
        // A page that hears nothing else hears that.
        config.ping.after = Duration::from_secs(2);
        change(config);
    })
    .await
}

/// A place at the broker of `url` at which nobody listens: what a test does there, a node might have
/// done that is gone.
pub async fn onlooker(url: &str) -> Broker {
    let retention = Retention {
        grace: Duration::from_secs(60),
        events: 10_000,
        push_ids: 4096,
    };
    let (settings, metrics) = (Config::default().broker, Metrics::new());
    let joined = Redis::join(url, &settings, "onlooker", retention, nobody(), &metrics).await;
    Broker::Redis(joined.unwrap())
}
