//! Whether what is said on a sharded channel is heard: the way of every wake-up.

use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::RespVersion;
use fred::types::config::Config;
use tokio::time::{Instant, timeout};

use super::{PATIENCE, builder, told};

/// Subscribes as a node does, says something, and waits for it.
pub(super) async fn hear(
    commands: &Client,
    config: &Config,
    channel: String,
) -> Result<Duration, String> {
    let subscriber = builder(config, RespVersion::RESP3)
        .build_subscriber_client()
        .map_err(told)?;
    subscriber.init().await.map_err(told)?;
    let heard = hear_with(commands, &subscriber, channel).await;
    let _ = subscriber.quit().await;
    heard
}

async fn hear_with(
    commands: &Client,
    subscriber: &(impl PubsubInterface + EventInterface),
    channel: String,
) -> Result<Duration, String> {
    const WORD: &str = "doctor-hears";
    let mut messages = subscriber.message_rx();
    subscriber.ssubscribe(channel.clone()).await.map_err(told)?;
    let begun = Instant::now();
    let said: Result<i64, Error> = commands.spublish(channel, WORD).await;
    said.map_err(told)?;
    let comes = async {
        while let Ok(message) = messages.recv().await {
            if message.value.as_str().as_deref() == Some(WORD) {
                return Some(begun.elapsed());
            }
        }
        None
    };
    let silence = || "subscribed and published, but nothing came back".to_owned();
    timeout(PATIENCE, comes)
        .await
        .ok()
        .flatten()
        .ok_or_else(silence)
}
