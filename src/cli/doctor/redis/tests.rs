use super::super::report::Status;
use super::*;
use crate::broker::redis::survey::Sheet;
use crate::config::Config;

fn told(info: &str, settings: &str) -> Told {
    Told {
        address: "redis:6379".to_owned(),
        info: Ok(Sheet::of(info)),
        settings: Ok(Sheet::of(settings)),
    }
}

fn healthy() -> Survey {
    let info = "redis_version:7.2.4\nrole:master\ncluster_enabled:0\naof_enabled:1\n\
                maxmemory_policy:noeviction\nused_memory:1000\nmaxmemory:100000";
    let settings = "appendfsync:everysec\ntimeout:0\ntcp-keepalive:300\nmin-replicas-to-write:0\n\
                    client-output-buffer-limit:normal 0 0 0 slave 1 1 1 pubsub 33554432 8388608 60";
    Survey {
        servers: vec![told(info, settings)],
        cluster: None,
        round_trip: Ok(Duration::from_micros(300)),
        clock_ahead: Ok(20),
        heard: Ok(Duration::from_micros(500)),
        refused: Vec::new(),
    }
}

fn broker() -> config::Broker {
    Config::default().broker
}

#[test]
fn a_healthy_redis_passes_every_check_in_their_order() {
    let findings = judge("redis://redis:6379", &broker(), &healthy());
    for finding in &findings {
        assert_eq!(finding.status, Status::Ok, "{finding:?}");
    }
    let ids: Vec<_> = findings.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, [&IDS[..], &[CLOCK]].concat());
}

#[test]
fn versions_and_roles() {
    let status = |line| version(&told(line, "")).status;
    assert_eq!(status("redis_version:7.0.0"), Status::Ok);
    assert_eq!(status("redis_version:8.1.0"), Status::Ok);
    assert_eq!(status("redis_version:6.2.14"), Status::Fail);
    assert_eq!(status(""), Status::Fail);
    assert_eq!(
        status("redis_version:7.2.4\nvalkey_version:8.0.1"),
        Status::Ok
    );
    assert_eq!(role(&told("role:slave", "")).status, Status::Fail);
    assert_eq!(role(&told("role:master", "")).status, Status::Ok);
}

#[test]
fn the_url_and_the_server_must_agree_on_being_a_cluster() {
    let mut survey = healthy();
    survey.servers[0] = told("cluster_enabled:1", "");
    let finding = cluster("rediss://redis:6379", &survey);
    assert_eq!(finding.status, Status::Fail);
    assert!(finding.fix.unwrap().contains("rediss-cluster://"));

    let state = |lines| Survey {
        cluster: Some(Ok(Sheet::of(lines))),
        ..healthy()
    };
    let url = "redis-cluster://redis:6379";
    let whole = state("cluster_state:ok\ncluster_slots_ok:16384");
    assert_eq!(cluster(url, &whole).status, Status::Ok);
    let parted = state("cluster_state:fail\ncluster_slots_ok:10923");
    let finding = cluster(url, &parted);
    assert_eq!(finding.status, Status::Fail);
    assert!(finding.seen.contains("10923 of 16384"), "{finding:?}");
}

#[test]
fn what_redis_keeps() {
    let check = |info: &str, settings: &str| keeping::persistence(&told(info, settings)).status;
    assert_eq!(check("aof_enabled:1", "appendfsync:always"), Status::Ok);
    assert_eq!(check("aof_enabled:1", "appendfsync:no"), Status::Warn);
    let broken = "aof_enabled:1\naof_last_write_status:err";
    assert_eq!(check(broken, "appendfsync:always"), Status::Fail);
    assert_eq!(check("aof_enabled:0", "save:"), Status::Warn);
    assert_eq!(check("aof_enabled:0", "save:3600 1"), Status::Warn);
    let failing = "aof_enabled:0\nrdb_last_bgsave_status:err";
    assert_eq!(
        check(failing, "save:3600 1\nstop-writes-on-bgsave-error:yes"),
        Status::Fail
    );
    assert_eq!(
        check(failing, "save:3600 1\nstop-writes-on-bgsave-error:no"),
        Status::Warn
    );
    let beside = "aof_enabled:1\nrdb_last_bgsave_status:err";
    for (failing, settings, status) in [
        // Redis refuses writes, whatever else it keeps.
        (beside, "save:3600 1\nappendfsync:always", Status::Fail),
        (
            beside,
            "save:3600 1\nstop-writes-on-bgsave-error:no",
            Status::Ok,
        ),
        // A failure of old: nobody wants snapshots any more.
        (beside, "save:\nappendfsync:always", Status::Ok),
        (failing, "save:", Status::Warn),
    ] {
        assert_eq!(check(failing, settings), status, "{failing} {settings}");
    }
    let hidden = Told {
        settings: Err("NOPERM".to_owned()),
        ..told("aof_enabled:0", "")
    };
    assert_eq!(keeping::persistence(&hidden).status, Status::Skipped);
}

#[test]
fn what_redis_throws_away() {
    let check = |policy, most| {
        let info = format!("maxmemory_policy:{policy}\nmaxmemory:{most}");
        keeping::eviction(&told(&info, "")).status
    };
    assert_eq!(check("noeviction", 100), Status::Ok);
    assert_eq!(check("allkeys-lru", 100), Status::Fail);
    assert_eq!(check("volatile-ttl", 100), Status::Fail);
    assert_eq!(check("volatile-ttl", 0), Status::Warn);
}

#[test]
fn room_for_more() {
    let check = |used, most, host| {
        let info = format!("used_memory:{used}\nmaxmemory:{most}\ntotal_system_memory:{host}");
        keeping::memory(&told(&info, "")).status
    };
    assert_eq!(check(74, 100, 1000), Status::Ok);
    assert_eq!(check(75, 100, 1000), Status::Warn);
    assert_eq!(check(95, 100, 1000), Status::Fail);
    assert_eq!(check(100, 0, 1000), Status::Ok);
    assert_eq!(check(960, 0, 1000), Status::Fail);
    assert_eq!(check(960, 0, 0), Status::Ok);
}

#[test]
fn replicas_must_suffice_with_one_to_spare() {
    let info = "slave0:ip=a,state=online\nslave1:ip=b,state=wait_bgsave\nslave2:ip=c,state=online";
    let check = |waited_for, least| {
        let settings = format!("min-replicas-to-write:{least}");
        keeping::replicas(&told(info, &settings), waited_for).status
    };
    assert_eq!(check(0, 0), Status::Ok);
    assert_eq!(check(1, 1), Status::Ok);
    assert_eq!(check(2, 0), Status::Warn);
    assert_eq!(check(3, 0), Status::Fail);
    assert_eq!(check(0, 3), Status::Fail);
}

#[test]
fn limits_of_output_and_silence() {
    let check = |limits| {
        let settings = format!("client-output-buffer-limit:normal 0 0 0 {limits}");
        manners::output_limits(&told("", &settings)).status
    };
    assert_eq!(check("pubsub 33554432 8388608 60"), Status::Ok);
    assert_eq!(check("pubsub 0 0 0"), Status::Ok);
    assert_eq!(check("pubsub 1048576 8388608 60"), Status::Warn);
    assert_eq!(check("pubsub 33554432 1048576 60"), Status::Warn);
    assert_eq!(check(""), Status::Skipped);
    let check = |settings| manners::keepalive(&told("", settings)).status;
    assert_eq!(check("timeout:0\ntcp-keepalive:300"), Status::Ok);
    assert_eq!(check("timeout:5\ntcp-keepalive:300"), Status::Warn);
    assert_eq!(check("timeout:300\ntcp-keepalive:300"), Status::Ok);
    assert_eq!(check("timeout:0\ntcp-keepalive:0"), Status::Warn);
}

#[test]
fn clocks_and_round_trips() {
    let status = |ahead| manners::clock(&Ok(ahead)).status;
    assert_eq!((status(900), status(-1500)), (Status::Ok, Status::Warn));
    assert!(
        manners::clock(&Ok(-61_000))
            .seen
            .contains("61 s behind this host")
    );
    let status = |millis| latency(&Ok(Duration::from_millis(millis))).status;
    assert_eq!(
        [status(4), status(5), status(200)],
        [Status::Ok, Status::Warn, Status::Fail]
    );
}

#[test]
fn what_is_refused_is_named_with_the_rule_that_allows_it() {
    let refused = |command| Refused {
        command,
        why: "NOPERM no".to_owned(),
    };
    let finding = rights(&[refused("XADD"), refused("EVAL")], &broker());
    assert_eq!(finding.status, Status::Fail);
    assert_eq!(finding.seen, "refused: XADD EVAL (NOPERM no)");
    assert!(finding.fix.unwrap().contains("~scangate:* &scangate:*"));
}

#[test]
fn of_several_servers_the_worst_is_told_by_name() {
    let bad = Told {
        address: "two:6379".to_owned(),
        ..told("role:slave", "")
    };
    let finding = of_each(&[told("role:master", ""), bad], role);
    assert_eq!(finding.status, Status::Fail);
    assert!(
        finding.seen.starts_with("two:6379: a replica"),
        "{finding:?}"
    );
}

#[test]
fn why_there_is_no_connection_decides_what_to_do() {
    for (url, why, word) in [
        (
            "redis://h",
            "WRONGPASS invalid username-password pair",
            "USER:PASSWORD",
        ),
        (
            "redis://h",
            "NOAUTH Authentication required.",
            "USER:PASSWORD",
        ),
        (
            "redis-cluster://h",
            "ERR This instance has cluster support disabled",
            "redis://",
        ),
        (
            "rediss://h",
            "invalid peer certificate: UnknownIssuer",
            "SSL_CERT_FILE",
        ),
        ("redis://h", "failed to lookup address information", "DNS"),
        ("redis://h", "Connection refused", "firewall"),
        (
            "redis-sentinel://h",
            "Failed to connect to all sentinel nodes.",
            "sentinelServiceName",
        ),
    ] {
        let finding = unreached(url, why);
        assert_eq!(finding.status, Status::Fail);
        assert!(
            finding.fix.as_ref().unwrap().contains(word),
            "{why}: {finding:?}"
        );
    }
}
