//! The doctor and Redis: whatever is wrong with it is told, with what to do, and nothing is left there.

use tokio::net::TcpListener;
use tokio::time::{Duration, timeout};

use crate::support::{Cluster, Diagnosis, Sentinel, Server, joins};

const PASSWORD: &str = "hunter22";
/// However slow the machine is: only who waits for ever is caught by it.
const ENOUGH: Duration = Duration::from_secs(60);

async fn of(url: &str) -> Diagnosis {
    let diagnosis = Diagnosis::with(&[("SCANGATE_BROKER_URL", url)]).await;
    assert!(!diagnosis.text.contains(PASSWORD), "{}", diagnosis.text);
    // Whatever Redis is like, the rest is looked at.
    assert_eq!(diagnosis.status("listeners.push"), "ok");
    diagnosis
}

/// Nothing of the doctor's own is there any more.
async fn is_left_clean(redis: &Server) -> bool {
    redis.say(&["KEYS", "*doctor*"]).await.list().is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_as_it_should_be_passes_and_is_left_clean() {
    let redis = Server::durable().await;
    let diagnosis = of(&redis.url()).await;
    assert_eq!(diagnosis.code, 0, "{}", diagnosis.text);
    // A busy machine may take its time for a round trip.
    let of_redis = |id: &&String| id.starts_with("redis.") && *id != "redis.latency";
    for id in diagnosis.ids().iter().filter(of_redis) {
        assert_eq!(diagnosis.status(id), "ok", "{}", diagnosis.text);
    }
    diagnosis.says("redis.persistence", "ok", "appendfsync always");
    assert!(is_left_clean(&redis).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_lose_something_are_told() {
    let redis = Server::with(&[
        "--maxmemory",
        "100mb",
        "--maxmemory-policy",
        "allkeys-lru",
        "--client-output-buffer-limit",
        "pubsub 1mb 1mb 60",
        "--tcp-keepalive",
        "0",
    ])
    .await;
    let url = redis.url();
    let waits = [
        ("SCANGATE_BROKER_URL", url.as_str()),
        ("SCANGATE_BROKER_WAIT_REPLICAS", "1"),
    ];
    let diagnosis = Diagnosis::with(&waits).await;
    assert_eq!(diagnosis.code, 1);
    diagnosis.says("redis.eviction", "fail", "noeviction");
    diagnosis.says("redis.persistence", "warn", "appendonly yes");
    diagnosis.says("redis.output_limits", "warn", "pubsub: 1 MB");
    diagnosis.says("redis.keepalive", "warn", "tcp-keepalive 300");
    diagnosis.says("redis.replicas", "fail", "0 follow, 1 waited for");
    assert!(is_left_clean(&redis).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_told_from_its_primary() {
    let primary = Server::start().await;
    let port = primary.port().to_string();
    let replica = Server::with(&["--replicaof", "127.0.0.1", &port]).await;
    primary.has_replicas(1).await;
    let diagnosis = of(&replica.url()).await;
    assert_eq!(diagnosis.code, 1);
    diagnosis.says("redis.role", "fail", "Sentinel");
    of(&primary.url())
        .await
        .says("redis.replicas", "ok", "1 follow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_the_rest_is_looked_at() {
    let redis = Server::with(&["--requirepass", "right"]).await;
    for (user, word) in [("", "WRONGPASS"), ("nobody", "WRONGPASS")] {
        let diagnosis = of(&format!("redis://{user}:{PASSWORD}@{}", redis.address())).await;
        assert_eq!(diagnosis.code, 1);
        diagnosis.says("redis.connection", "fail", word);
        diagnosis.says("redis.connection", "fail", "USER:PASSWORD");
        diagnosis.says("redis.version", "skipped", "not reached");
    }
    let diagnosis = of(&redis.url()).await;
    diagnosis.says("redis.connection", "fail", "USER:PASSWORD");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_a_user_are_tried() {
    let redis = Server::start().await;
    let url = format!("redis://gate:{PASSWORD}@{}", redis.address());
    let password = format!(">{PASSWORD}");
    let may = async |rights: &[&str]| {
        let user = ["ACL", "SETUSER", "gate", "reset", "on", &password];
        redis.say(&[&user[..], rights].concat()).await;
        of(&url).await
    };
    // As docs/DOCTOR.md has it.
    let own = ["~scangate:*", "&scangate:*"];
    let enough = [&own[..], &["+@all", "-@admin", "-@dangerous", "+info"]].concat();
    let diagnosis = may(&enough).await;
    assert_eq!(diagnosis.code, 0, "{}", diagnosis.text);
    diagnosis.says("redis.rights", "ok", "allowed");
    diagnosis.says("redis.keepalive", "skipped", "CONFIG GET was refused");

    // And a node gets along with them.
    let node = joins(&url).await;
    let code = node.code().await;
    let mut page = node.page().await;
    page.binds(&code).await;
    assert_eq!(node.backend().await.say(&code.nth(1)).await, "ok");
    page.hears(&code.nth(1)).await;
    page.leaves().await;
    drop(node);

    let diagnosis = may(&[&enough[..], &["-xadd", "-eval"]].concat()).await;
    diagnosis.says("redis.rights", "fail", "refused: XADD EVAL ");
    diagnosis.says("redis.script", "fail", "EVAL");
    diagnosis.says("redis.pubsub", "ok", "came back");

    let diagnosis = may(&["~scangate:*", "+@all"]).await;
    diagnosis.says("redis.pubsub", "fail", "NOPERM");
    let diagnosis = may(&["~other:*", "&*", "+@all"]).await;
    diagnosis.says("redis.rights", "fail", "HSET");
    assert!(is_left_clean(&redis).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_wants_its_scheme_and_all_its_slots() {
    let cluster = Cluster::start().await;
    let diagnosis = of(&cluster.url()).await;
    assert_eq!(diagnosis.code, 0, "{}", diagnosis.text);
    diagnosis.says("redis.cluster", "ok", "3 primaries, all 16384 slots");
    for id in ["redis.rights", "redis.script", "redis.pubsub", "redis.role"] {
        assert_eq!(diagnosis.status(id), "ok", "{}", diagnosis.text);
    }
    let single = cluster.url().replace("redis-cluster://", "redis://");
    let diagnosis = of(&single).await;
    diagnosis.says("redis.cluster", "fail", "redis-cluster://");
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinel_leads_to_the_primary() {
    let sentinel = Sentinel::start().await;
    let diagnosis = of(&sentinel.url()).await;
    assert_eq!(diagnosis.code, 0, "{}", diagnosis.text);
    diagnosis.says("redis.role", "ok", "a primary");
    diagnosis.says("redis.replicas", "ok", "1 follow");
    diagnosis.says("redis.pubsub", "ok", "came back");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_cluster_or_is_not_there_or_is_silent_is_given_up() {
    let redis = Server::start().await;
    let diagnosis = of(&format!("redis-cluster://{}", redis.address())).await;
    diagnosis.says("redis.connection", "fail", "redis://");

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let url = format!("redis://:{PASSWORD}@{address}");
    let diagnosis = timeout(ENOUGH, of(&url)).await.expect("it is given up");
    diagnosis.says("redis.connection", "fail", "firewall");
    drop(silent);
    let diagnosis = of(&format!("redis://:{PASSWORD}@{address}")).await;
    diagnosis.says("redis.connection", "fail", "Connection refused");
}
