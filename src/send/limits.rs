//! How much may be sent, by one token and in all. A token's count is its owner's: whoever renews the
//! token begins no new one.
//!
//! The counts are kept at the broker, so that they hold whatever node a sender comes to; they are
//! counts and no documents, because all senders of all nodes meet at the one for all.

use std::time::Duration;

use crate::broker::{Broker, BrokerError};
use crate::config;
use crate::wechat::openid::OpenId;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Counts one message to a person; the error within is how long to wait. What one token has too many
/// does not count against all.
pub(super) async fn admit(
    broker: &Broker,
    rules: &config::Send,
    person: &OpenId,
) -> Result<Result<(), Duration>, BrokerError> {
    let by_token = format!("send:{}", person.as_str());
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
