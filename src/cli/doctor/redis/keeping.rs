//! What Redis keeps, and what it would lose.

use super::untold;
use crate::broker::redis::survey::Told;
use crate::cli::doctor::machine::size;
use crate::cli::doctor::report::Finding;

/// Whether what is on record outlives a restart of Redis.
pub(super) fn persistence(told: &Told) -> Finding {
    const ID: &str = "redis.persistence";
    const KEEP: &str =
        "Set appendonly yes and appendfsync everysec: a restart then loses a second at most.";
    let info = match &told.info {
        Ok(info) => info,
        Err(why) => return untold(ID, why),
    };
    let setting = |name| {
        told.settings
            .as_ref()
            .ok()
            .and_then(|sheet| sheet.get(name))
    };
    let failed = |name| info.get(name).is_some_and(|status| status != "ok");
    // Also beside an append-only file; without save points an old failure stands there for ever, and
    // Redis takes no notice of it.
    let minds_snapshots =
        setting("save") != Some("") && setting("stop-writes-on-bgsave-error") != Some("no");
    if failed("rdb_last_bgsave_status") && minds_snapshots {
        return Finding::fail(
            ID,
            "the last snapshot failed; Redis refuses writes until one succeeds",
            "Give its disk room and its user the right to write, or set save \"\" where no snapshots are wanted.",
        );
    }
    if info.get("aof_enabled") == Some("1") {
        if failed("aof_last_write_status") {
            let fix = "Its disk is full or broken; until that is mended Redis refuses writes.";
            return Finding::fail(ID, "the append-only file could not be written", fix);
        }
        return match setting("appendfsync") {
            Some("no") => Finding::warn(
                ID,
                "an append-only file, written out whenever the system likes (appendfsync no)",
                "Set appendfsync everysec, or always.",
            ),
            Some(when) => Finding::ok(ID, format!("an append-only file, appendfsync {when}")),
            None => Finding::ok(ID, "an append-only file"),
        };
    }
    match setting("save") {
        Some("") => Finding::warn(
            ID,
            "nothing is kept on disk: a restart of Redis loses sessions, persons, send tokens, bonds, \
             points and messages",
            KEEP,
        ),
        Some(_) => Finding::warn(
            ID,
            "snapshots only: a crash of Redis loses what came after the last one, minutes perhaps",
            KEEP,
        ),
        None => Finding::by_hand(
            ID,
            "no append-only file; CONFIG GET was refused, so whether there are snapshots is not known",
            "Look at the service's console: is persistence on, with AOF if there is a choice?",
        ),
    }
}

/// Whether Redis may throw sessions away.
pub(super) fn eviction(told: &Told) -> Finding {
    const ID: &str = "redis.eviction";
    let info = match &told.info {
        Ok(info) => info,
        Err(why) => return untold(ID, why),
    };
    let policy = info.get("maxmemory_policy").unwrap_or("unknown");
    if policy == "noeviction" {
        return Finding::ok(ID, "noeviction");
    }
    let fix = "Set maxmemory-policy noeviction: an evicted session is a page that never hears of its scan.";
    let seen = format!("maxmemory-policy is {policy}");
    if info.number("maxmemory") == Some(0) {
        let seen = format!("{seen}; without maxmemory nothing is evicted yet");
        return Finding::warn(ID, seen, fix);
    }
    Finding::fail(ID, seen, fix)
}

/// Whether there is room for more.
pub(super) fn memory(told: &Told) -> Finding {
    const ID: &str = "redis.memory";
    const FIX: &str =
        "Give Redis more memory. A session takes 1 to 7 KB with its timeline, see docs/CLUSTER.md.";
    let info = match &told.info {
        Ok(info) => info,
        Err(why) => return untold(ID, why),
    };
    let number = |name| info.number(name).unwrap_or_default();
    let used = number("used_memory");
    let (most, of) = match (number("maxmemory"), number("total_system_memory")) {
        (0, 0) => return Finding::ok(ID, format!("{} used, no maxmemory", size(used))),
        (0, host) => (host, format!("the host's {}, no maxmemory", size(host))),
        (most, _) => (most, format!("maxmemory {}", size(most))),
    };
    let seen = format!("{} used of {of}", size(used));
    match used.saturating_mul(100) / most {
        0..75 => Finding::ok(ID, seen),
        75..95 => Finding::warn(ID, seen, FIX),
        _ => Finding::fail(ID, seen, FIX),
    }
}

/// Whether as many replicas follow as are waited for.
pub(super) fn replicas(told: &Told, waited_for: u32) -> Finding {
    const ID: &str = "redis.replicas";
    let info = match &told.info {
        Ok(info) => info,
        Err(why) => return untold(ID, why),
    };
    let online = (0..)
        .map_while(|n| info.get(&format!("slave{n}")))
        .filter(|replica| replica.contains("state=online"))
        .count() as u64;
    let settings = told.settings.as_ref().ok();
    let least = settings.and_then(|sheet| sheet.number("min-replicas-to-write"));
    let least = least.unwrap_or_default();
    if online < least {
        return Finding::fail(
            ID,
            format!(
                "{online} replicas, but min-replicas-to-write is {least}: Redis refuses writes"
            ),
            "Bring the replicas back, or lower min-replicas-to-write.",
        );
    }
    let waited_for = u64::from(waited_for);
    let seen = format!("replicas: {online} follow, {waited_for} waited for (broker.wait_replicas)");
    if online < waited_for {
        let fix = "Every push would be `unknown`. Bring replicas back, or lower SCANGATE_BROKER_WAIT_REPLICAS.";
        return Finding::fail(ID, seen, fix);
    }
    if waited_for > 0 && online == waited_for {
        let fix =
            "Have one replica more: when one is away, or has taken over, every push is `unknown`.";
        return Finding::warn(ID, seen, fix);
    }
    Finding::ok(ID, seen)
}
