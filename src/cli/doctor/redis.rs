//! The broker: is it there, is it the right one, does it let us do what we need?

use std::time::Duration;

use tokio::time::timeout;

use super::report::{Finding, skip_all};
use crate::broker::redis::survey::{self, Refused, Survey, Told};
use crate::config::{self, BrokerUrl};

mod keeping;
mod manners;

/// Every check of this kind, in the order in which they are told.
const IDS: [&str; 14] = [
    "redis.connection",
    "redis.version",
    "redis.role",
    "redis.cluster",
    "redis.rights",
    "redis.script",
    "redis.pubsub",
    "redis.latency",
    "redis.persistence",
    "redis.eviction",
    "redis.memory",
    "redis.replicas",
    "redis.output_limits",
    "redis.keepalive",
];
const CLOCK: &str = "clock.redis";

/// Asks the Redis of this configuration, and judges.
pub(super) async fn check(broker: &config::Broker) -> Vec<Finding> {
    let BrokerUrl::Redis(url) = &broker.url else {
        let why = "the broker is embedded: one node, no Redis";
        return [skip_all(&IDS, why), skip_all(&[CLOCK], why)].concat();
    };
    let asked = timeout(survey::MOST, survey::survey(url, &broker.prefix)).await;
    let asked = asked.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    match asked {
        Err(why) => {
            let why_not = "Redis was not reached";
            let mut findings = vec![unreached(url, &why)];
            findings.extend(skip_all(&IDS[1..], why_not));
            findings.extend(skip_all(&[CLOCK], why_not));
            findings
        }
        Ok(survey) => judge(url, broker, &survey),
    }
}

fn judge(url: &str, broker: &config::Broker, survey: &Survey) -> Vec<Finding> {
    let servers = &survey.servers;
    vec![
        connection(survey),
        of_each(servers, version),
        of_each(servers, role),
        cluster(url, survey),
        rights(&survey.refused, broker),
        script(&survey.clock_ahead),
        pubsub(&survey.heard),
        latency(&survey.round_trip),
        of_each(servers, keeping::persistence),
        of_each(servers, keeping::eviction),
        of_each(servers, keeping::memory),
        of_each(servers, |told| {
            keeping::replicas(told, broker.wait_replicas)
        }),
        of_each(servers, manners::output_limits),
        of_each(servers, manners::keepalive),
        manners::clock(&survey.clock_ahead),
    ]
}

/// The worst that was found among the servers, with its address where they differ.
fn of_each(servers: &[Told], check: impl Fn(&Told) -> Finding) -> Finding {
    let findings: Vec<Finding> = servers.iter().map(check).collect();
    let worst = (0..findings.len()).max_by_key(|n| findings[*n].status);
    let worst = worst.expect("a survey is of at least one server");
    let mut finding = findings[worst].clone();
    if findings.iter().any(|other| *other != finding) {
        finding.seen = format!("{}: {}", servers[worst].address, finding.seen);
    }
    finding
}

/// Skipped because `INFO` was refused.
fn untold(id: &'static str, why: &str) -> Finding {
    let look = "Allow the user +info, or look at the server's own console.";
    Finding::by_hand(id, format!("INFO was refused: {why}"), look)
}

fn connection(survey: &Survey) -> Finding {
    let addresses: Vec<_> = survey.servers.iter().map(|told| &*told.address).collect();
    Finding::ok(IDS[0], format!("{} answers", addresses.join(", ")))
}

/// What to do where there is no connection, by the words of the server or of the system.
fn unreached(url: &str, why: &str) -> Finding {
    let lower = why.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let fix = if has(&["wrongpass", "noauth", "invalid password", "auth"]) {
        "Set user and password in SCANGATE_BROKER_URL, percent-encoded: redis://USER:PASSWORD@HOST."
    } else if has(&["cluster support disabled"]) {
        "This server is no Cluster: let SCANGATE_BROKER_URL begin with redis:// or rediss://."
    } else if has(&["noperm"]) {
        "Give the user of SCANGATE_BROKER_URL the rights that docs/DOCTOR.md lists."
    } else if has(&["certificate", "tls", "handshake"]) {
        "rediss:// needs a certificate that the system's roots, or those in the file that SSL_CERT_FILE \
         names, vouch for; and redis:// a server without TLS."
    } else if has(&["lookup", "resolve", "name or service"]) {
        "The host of SCANGATE_BROKER_URL is not known here: look at its spelling and at DNS."
    } else if url.contains("-sentinel://") {
        "Is Sentinel there, and does it know the sentinelServiceName of SCANGATE_BROKER_URL?"
    } else {
        "Is Redis running at the address in SCANGATE_BROKER_URL, does every firewall between let this \
         host through, and does it speak TLS if, and only if, the URL begins with rediss?"
    };
    Finding::fail(IDS[0], format!("no connection: {why}"), fix)
}

fn version(told: &Told) -> Finding {
    const ID: &str = "redis.version";
    let info = match &told.info {
        Ok(info) => info,
        Err(why) => return untold(ID, why),
    };
    if let Some(valkey) = info.get("valkey_version") {
        return Finding::ok(ID, format!("Valkey {valkey}"));
    }
    let version = info.get("redis_version").unwrap_or("unknown");
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    match major {
        Some(7u32..) => Finding::ok(ID, format!("Redis {version}")),
        _ => Finding::fail(
            ID,
            format!("Redis {version}"),
            "Use Redis 7.0 or newer, or Valkey: sharded pub/sub came with 7.0.",
        ),
    }
}

fn role(told: &Told) -> Finding {
    const ID: &str = "redis.role";
    match told.info.as_ref().map(|info| info.get("role")) {
        Err(why) => untold(ID, why),
        Ok(Some("slave")) => Finding::fail(
            ID,
            "a replica, which cannot be written to",
            "Point SCANGATE_BROKER_URL at the primary, or at Sentinel, which knows who that is.",
        ),
        Ok(_) => Finding::ok(ID, "a primary"),
    }
}

fn cluster(url: &str, survey: &Survey) -> Finding {
    const ID: &str = "redis.cluster";
    const SLOTS: u64 = 16_384;
    let state = match &survey.cluster {
        Some(Ok(state)) => state,
        Some(Err(why)) => {
            let look = "Look whether redis-cli CLUSTER INFO says cluster_state:ok.";
            return Finding::by_hand(ID, format!("CLUSTER INFO was refused: {why}"), look);
        }
        None => {
            let info = match &survey.servers[0].info {
                Ok(info) => info,
                Err(why) => return untold(ID, why),
            };
            if info.get("cluster_enabled") != Some("1") {
                return Finding::ok(ID, "no Cluster, as the URL says");
            }
            let secure = if url.starts_with("rediss") { "s" } else { "" };
            return Finding::fail(
                ID,
                "a server of a Cluster, but the URL is one of a single server",
                format!("Let SCANGATE_BROKER_URL begin with redis{secure}-cluster://."),
            );
        }
    };
    let covered = state.number("cluster_slots_ok").unwrap_or_default();
    let primaries = survey.servers.len();
    if state.get("cluster_state") == Some("ok") && covered == SLOTS {
        return Finding::ok(
            ID,
            format!("{primaries} primaries, all {SLOTS} slots covered"),
        );
    }
    let state = state.get("cluster_state").unwrap_or("unknown");
    Finding::fail(
        ID,
        format!("state {state}, {covered} of {SLOTS} slots covered"),
        "Bring the missing primaries back; redis-cli --cluster check HOST:PORT says which.",
    )
}

fn rights(refused: &[Refused], broker: &config::Broker) -> Finding {
    const ID: &str = "redis.rights";
    let Some(first) = refused.first() else {
        return Finding::ok(ID, "every command that a node needs is allowed");
    };
    let commands: Vec<_> = refused.iter().map(|refused| refused.command).collect();
    let prefix = &broker.prefix;
    Finding::fail(
        ID,
        format!("refused: {} ({})", commands.join(" "), first.why),
        format!(
            "ACL SETUSER … ~{prefix}:* &{prefix}:* +@all -@admin -@dangerous +info lets a node do \
             all that it needs."
        ),
    )
}

fn script(ran: &Result<i64, String>) -> Finding {
    const ID: &str = "redis.script";
    match ran {
        Ok(_) => Finding::ok(ID, "a script ran"),
        Err(why) => Finding::fail(
            ID,
            format!("a script did not run: {why}"),
            "Every step of a node is a script: allow EVAL and EVALSHA, and what they call.",
        ),
    }
}

fn pubsub(heard: &Result<Duration, String>) -> Finding {
    const ID: &str = "redis.pubsub";
    match heard {
        Ok(took) => Finding::ok(ID, format!("a message came back in {}", millis(*took))),
        Err(why) => Finding::fail(
            ID,
            format!("sharded pub/sub does not work: {why}"),
            "Allow SSUBSCRIBE and SPUBLISH on the channels of the prefix (&), and HELLO. A proxy before \
             Redis must pass them on too.",
        ),
    }
}

fn latency(round_trip: &Result<Duration, String>) -> Finding {
    const ID: &str = "redis.latency";
    let fix = "Bring nodes and Redis into one network. A push and a scan each cost a round trip or two, \
               and a node gives up an answer after a second.";
    match round_trip {
        Err(why) => Finding::fail(ID, format!("PING was not answered: {why}"), fix),
        Ok(took) => {
            let seen = format!("a round trip takes {}", millis(*took));
            match took.as_millis() {
                0..5 => Finding::ok(ID, seen),
                5..200 => Finding::warn(ID, seen, fix),
                _ => Finding::fail(ID, seen, fix),
            }
        }
    }
}

fn millis(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests;
