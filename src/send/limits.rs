//! How much may be sent, by one token and in all.
//!
//! The counts are kept at the broker, so that they hold whatever node a sender comes to; they are
//! counts and no documents, because all senders of all nodes meet at the one for all.

use std::time::Duration;

use crate::broker::{Broker, BrokerError};
use crate::config;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Counts one message of a token; the error within is how long to wait. What one token has too many
/// does not count against all.
pub(super) async fn admit(
    broker: &Broker,
    rules: &config::Send,
    token_id: &str,
) -> Result<Result<(), Duration>, BrokerError> {
    let by_token = format!("send:{token_id}");
    for (who, span, period, most) in [
        (by_token.as_str(), "minute", MINUTE, rules.per_minute),
        (by_token.as_str(), "day", DAY, rules.per_day),
        ("send-all", "minute", MINUTE, rules.all_per_minute),
        ("send-all", "day", DAY, rules.all_per_day),
    ] {
        if most == 0 {
            continue;
        }
        let counted = broker.count(&format!("{who}:{span}"), period).await?;
        if counted.count > u64::from(most) {
            return Ok(Err(counted.remaining));
        }
    }
    Ok(Ok(()))
}
