//! Who could reach what only the house itself should.

use std::net::IpAddr;

use super::report::Finding;
use crate::config::Config;

/// From where an address to listen on can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// From this host alone.
    Loopback,
    /// From a private network.
    Private,
    /// From wherever this host can be reached.
    Everywhere,
}

/// Every check of this kind.
pub(super) fn check(config: &Config) -> Vec<Finding> {
    vec![push(config), ops(config)]
}

fn push(config: &Config) -> Finding {
    const ID: &str = "listeners.push";
    const FIX: &str = "Set SCANGATE_PUSH_SECRET, and have backends say it in their first line: \
                       {\"auth\":\"SECRET\"}. Or listen on loopback.";
    let address = config.push.listen;
    let reach = Reach::of(address.ip());
    let seen = format!("{address}, {}", reach.told());
    if config.push.secret.is_some() {
        return Finding::ok(ID, format!("{seen}, with a secret"));
    }
    let seen = format!("{seen}, without a secret");
    match reach {
        Reach::Loopback => Finding::ok(ID, seen),
        Reach::Private => Finding::warn(ID, seen, FIX),
        Reach::Everywhere => Finding::fail(ID, seen, FIX),
    }
}

fn ops(config: &Config) -> Finding {
    const ID: &str = "listeners.ops";
    let address = config.ops.listen;
    let reach = Reach::of(address.ip());
    let seen = format!("{address}, {}", reach.told());
    match (reach, &config.ops.api_key) {
        (_, Some(_)) => Finding::ok(ID, format!("{seen}, with an API key")),
        (Reach::Loopback, None) => Finding::ok(ID, format!("{seen}, without an API key")),
        (_, None) => Finding::warn(
            ID,
            format!("{seen}, without an API key: /api/ refuses everybody"),
            "Set SCANGATE_OPS_API_KEY if the API is used. /metrics and /readyz need no key: let only \
             the balancer and Prometheus reach this port.",
        ),
    }
}

impl Reach {
    fn of(address: IpAddr) -> Self {
        let is_private = match address.to_canonical() {
            IpAddr::V4(four) => four.is_private() || four.is_link_local(),
            IpAddr::V6(six) => six.is_unique_local() || six.is_unicast_link_local(),
        };
        match address.to_canonical().is_loopback() {
            true => Self::Loopback,
            false if is_private => Self::Private,
            false => Self::Everywhere,
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Loopback => "reached from this host alone",
            Self::Private => "reached from a private network",
            Self::Everywhere => "reached from everywhere",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;
    use crate::config::Secret;

    #[test]
    fn the_wider_a_door_the_more_it_needs_a_lock() {
        for (listen, push_status, ops_status) in [
            ("127.0.0.1:1", Status::Ok, Status::Ok),
            ("[::1]:1", Status::Ok, Status::Ok),
            ("10.1.2.3:1", Status::Warn, Status::Warn),
            ("[fd00::1]:1", Status::Warn, Status::Warn),
            ("0.0.0.0:1", Status::Fail, Status::Warn),
            ("[::]:1", Status::Fail, Status::Warn),
            ("203.0.113.5:1", Status::Fail, Status::Warn),
        ] {
            let mut config = Config::default();
            config.push.listen = listen.parse().unwrap();
            config.ops.listen = listen.parse().unwrap();
            let statuses = |config: &Config| -> Vec<Status> {
                check(config).iter().map(|finding| finding.status).collect()
            };
            assert_eq!(statuses(&config), [push_status, ops_status], "{listen}");
            config.push.secret = Some(Secret::new("open-sesame"));
            config.ops.api_key = Some(Secret::new("open-sesame"));
            assert_eq!(statuses(&config), [Status::Ok, Status::Ok]);
        }
    }
}
