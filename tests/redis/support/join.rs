//! Nodes in this process that join the broker at a URL.

use std::time::Duration;

use scangate::config::{BrokerUrl, Config};

use super::Gateway;

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
