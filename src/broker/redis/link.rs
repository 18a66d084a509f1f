//! The connections to Redis: how they are set up, and how a script is called.

use std::sync::Arc;
use std::time::Duration;

use fred::clients::{Client, SubscriberClient};
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::config::{
    Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy, UnresponsiveConfig,
};
use fred::types::{Builder, RespVersion, Value};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::scripts::Script;
use super::tally::Outcome;
use crate::broker::BrokerError;

/// The connections of a node.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub commands: Client,
    /// The same, unless pushes wait for replicas: nothing else shall wait with them.
    pub pushes: Client,
    /// For nothing but the subscriptions.
    pub subscriber: SubscriberClient,
    /// By which the connections of each are made anew, in this order.
    anew: [Arc<Notify>; 3],
}

/// How long an answer is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// Silence after which a connection that owes answers is given up, if nothing is written to it.
const UNRESPONSIVE: Duration = Duration::from_secs(3);
/// After which the system gives up a connection whose host does not even acknowledge bytes.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// Commands that may wait while there is no connection.
const MOST_WAITING: usize = 65_536;
/// Messages that may wait to be taken from the subscriptions: fred's own 32 loses most of a burst.
/// Fred makes nine channels of that size, some 90 bytes a place; more would be paid for in memory
/// what a rare resync mends.
const MOST_MESSAGES: usize = 32_768;
/// From the end of a client's task to the next.
const PAUSE: Duration = Duration::from_millis(200);

impl Link {
    /// Connects, until `stop`; an error is one of the address or the credentials, or that nobody is
    /// there.
    pub async fn connect(
        url: &str,
        pushes_wait: bool,
        stop: &CancellationToken,
    ) -> Result<Self, Error> {
        let mut config = Config::from_url(url)?;
        config.version = RespVersion::RESP3;
        let mut builder = Builder::from_config(config);
        builder
            .with_performance_config(|performance: &mut PerformanceConfig| {
                performance.default_command_timeout = PATIENCE;
            })
            .with_connection_config(|connection: &mut ConnectionConfig| {
                connection.connection_timeout = Duration::from_secs(2);
                connection.internal_command_timeout = Duration::from_secs(2);
                connection.max_command_attempts = 1;
                // Nor is it sent elsewhere: with one attempt only, fred gives up for good over an
                // `ASK`. A redirected command has not run, and after a `MOVED` the next goes right.
                connection.max_redirections = 0;
                connection.max_command_buffer_len = MOST_WAITING;
                connection.unresponsive = UnresponsiveConfig {
                    max_timeout: Some(UNRESPONSIVE),
                    interval: UNRESPONSIVE / 3,
                };
                connection.tcp.nodelay = Some(true);
                connection.tcp.user_timeout = Some(UNACKNOWLEDGED);
            })
            .set_policy(ReconnectPolicy::new_exponential(0, 100, 2_000, 2));
        let commands = builder.build()?;
        let pushes = if pushes_wait {
            builder.build()?
        } else {
            commands.clone()
        };
        builder.with_performance_config(|performance| {
            performance.broadcast_channel_capacity = MOST_MESSAGES;
        });
        let subscriber = builder.build_subscriber_client()?;
        let anew = [(); 3].map(|()| Arc::<Notify>::default());
        start(&commands, &anew[0], stop).await?;
        if pushes_wait {
            start(&pushes, &anew[1], stop).await?;
        }
        start(&subscriber, &anew[2], stop).await?;
        Ok(Self {
            commands,
            pushes,
            subscriber,
            anew,
        })
    }

    /// Whether there are several primaries.
    pub fn is_clustered(&self) -> bool {
        self.commands.is_clustered()
    }

    /// Gives up all connections, and makes new ones; behind Sentinel to whoever is the primary now.
    pub async fn connect_anew(&self) {
        if !self.is_clustered() {
            for anew in &self.anew {
                anew.notify_one();
            }
            return;
        }
        // A silent shard must not cost the others their connections: only what is a primary no more is
        // given up, and the system sees to dead hosts.
        for client in [&self.commands, &self.pushes] {
            let _ = timeout(PATIENCE, client.force_reconnection()).await;
        }
    }

    /// Gives up the connections for subscriptions, and makes new ones.
    pub fn connect_subscriber_anew(&self) {
        self.anew[2].notify_one();
    }

    /// Calls a script that answers with a list. It runs at most once.
    pub async fn call(
        &self,
        script: &Script,
        keys: Vec<String>,
        arguments: Vec<String>,
    ) -> Result<Vec<Value>, BrokerError> {
        let words = || (keys.clone(), values(arguments.clone()));
        call(&self.commands, script, words).await
    }

    /// The same on the connection whose writes replicas may be waited for.
    pub async fn call_durably(
        &self,
        script: &Script,
        keys: Vec<String>,
        arguments: Vec<String>,
    ) -> Result<Vec<Value>, BrokerError> {
        let words = || (keys.clone(), values(arguments.clone()));
        call(&self.pushes, script, words).await
    }
}

/// Connects a client, and again whenever that is asked for or its task ends: after some errors, of a
/// server that is no cluster for a moment, say, fred tries no more, whatever the policy is.
async fn start<C>(client: &C, anew: &Arc<Notify>, stop: &CancellationToken) -> Result<(), Error>
where
    C: ClientLike + 'static,
{
    let mut run = client.init().await?;
    let (client, anew, stop) = (client.clone(), Arc::clone(anew), stop.clone());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = anew.notified() => {}
                ended = &mut run => {
                    tracing::warn!(?ended, "the connection to Redis was given up, beginning anew");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            run = client.connect();
        }
    });
    Ok(())
}

/// Calls a script through `client`; see [`Script::run`].
pub(super) async fn call(
    client: &Client,
    script: &Script,
    words: impl Fn() -> (Vec<String>, Vec<Value>),
) -> Result<Vec<Value>, BrokerError> {
    if !client.is_connected() {
        script.tally.count(Outcome::Unavailable, Duration::ZERO);
        return Err(BrokerError::Unavailable);
    }
    let answer = script.tally.watch(script.run(client, words)).await;
    answer.map(Value::into_array)
}

fn values(words: Vec<String>) -> Vec<Value> {
    words.into_iter().map(Value::from).collect()
}
