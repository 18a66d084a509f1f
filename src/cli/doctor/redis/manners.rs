//! How Redis treats its clients, and what time it is there.

use super::CLOCK;
use crate::broker::redis::survey::Told;
use crate::cli::doctor::machine::size;
use crate::cli::doctor::report::Finding;

/// Skipped because `CONFIG GET` was refused, as managed servers do.
fn unset(id: &'static str, look: &str) -> Finding {
    Finding::by_hand(id, "CONFIG GET was refused, as managed servers do", look)
}

/// Whether a burst of events may wait for a node.
pub(super) fn output_limits(told: &Told) -> Finding {
    const ID: &str = "redis.output_limits";
    const HARD: u64 = 32 << 20;
    const SOFT: u64 = 8 << 20;
    const LOOK: &str =
        "client-output-buffer-limit for pubsub should be 32mb 8mb 60 (the default) or more.";
    let Ok(settings) = &told.settings else {
        return unset(ID, LOOK);
    };
    let limits = settings
        .get("client-output-buffer-limit")
        .unwrap_or_default();
    let Some((hard, soft, seconds)) = of_pubsub(limits) else {
        return unset(ID, LOOK);
    };
    let seen = match (hard, soft) {
        (0, 0) => "pubsub: no limit".to_owned(),
        _ => format!("pubsub: {}, or {} for {seconds} s", size(hard), size(soft)),
    };
    let lasts = |limit, least| limit == 0 || limit >= least;
    if lasts(hard, HARD) && (lasts(soft, SOFT) || seconds == 0) {
        return Finding::ok(ID, seen);
    }
    Finding::warn(
        ID,
        seen,
        "Set client-output-buffer-limit \"pubsub 32mb 8mb 60\", the default: below it a burst cuts \
         nodes off, and each cut makes all pages of a node catch up.",
    )
}

/// The limits of the class in bytes and seconds: hard, soft, soft for how long.
fn of_pubsub(limits: &str) -> Option<(u64, u64, u64)> {
    let mut words = limits
        .split(' ')
        .skip_while(|word| *word != "pubsub")
        .skip(1);
    let mut next = || words.next()?.parse().ok();
    Some((next()?, next()?, next()?))
}

/// Whether quiet connections stay, and dead ones go.
pub(super) fn keepalive(told: &Told) -> Finding {
    const ID: &str = "redis.keepalive";
    const LOOK: &str = "timeout should be 0 or 10 and more, tcp-keepalive not 0.";
    let Ok(settings) = &told.settings else {
        return unset(ID, LOOK);
    };
    let number = |name| settings.number(name);
    let (Some(idle), Some(alive)) = (number("timeout"), number("tcp-keepalive")) else {
        return unset(ID, LOOK);
    };
    let seen = format!("timeout {idle}, tcp-keepalive {alive}");
    if (1..10).contains(&idle) {
        let fix =
            "Set timeout 0, or 10 and more: a node is heard every second, but not more often.";
        return Finding::warn(ID, seen, fix);
    }
    if alive == 0 {
        let fix = "Set tcp-keepalive 300, the default: the connections of a host that died stay for ever, and \
                   pushes count it as a node that hears.";
        return Finding::warn(ID, seen, fix);
    }
    Finding::ok(ID, seen)
}

/// Whether this host and Redis agree on the time.
pub(super) fn clock(ahead: &Result<i64, String>) -> Finding {
    let ahead = match ahead {
        Ok(ahead) => *ahead,
        Err(why) => return Finding::skipped(CLOCK, format!("Redis did not tell its time: {why}")),
    };
    let seen = match ahead {
        -1000..=1000 => return Finding::ok(CLOCK, "the same time as Redis, within a second"),
        _ if ahead > 0 => format!("Redis is {:.0} s ahead of this host", ahead as f64 / 1000.0),
        _ => format!("Redis is {:.0} s behind this host", -ahead as f64 / 1000.0),
    };
    Finding::warn(
        CLOCK,
        seen,
        "Nodes follow Redis's clock, so nothing breaks; but one of the two is wrong. Let NTP (chrony, \
         systemd-timesyncd) set both.",
    )
}
