//! This host, or this container: files, memory, disk, and the time that it leaves to go.

use std::fs;
use std::io;
use std::path::Path;

use super::report::Finding;
use crate::cgroup;
use crate::config::{BrokerUrl, Config};
use crate::node::{self, capacity};
use crate::random;
use crate::session::hex;

/// Every check of this kind. `grace` is how many seconds a node has to go, where the operator says so.
pub(super) fn check(config: &Config, grace: Option<u64>) -> Vec<Finding> {
    let room = capacity::room(config);
    let is_cluster = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    vec![
        files(config.limit.connections, room),
        memory(config, capacity::most(config, room), memory_limit()),
        data(config),
        drain(config, grace, is_cluster),
    ]
}

/// Whether the file limit leaves as many websockets as are wanted.
fn files(wanted: Option<usize>, room: usize) -> Finding {
    const ID: &str = "machine.files";
    const FEW: usize = 10_000;
    const FIX: &str = "Raise the file limit: LimitNOFILE=1048576 (systemd), --ulimit nofile=1048576 (docker). \
                       Doctor sees the limit of the shell or container that it runs in.";
    let seen = format!("the file limit leaves room for {room} websockets");
    match wanted {
        Some(wanted) if wanted > room => {
            let seen = format!("{seen}, limit.connections wants {wanted}");
            Finding::fail(ID, seen, FIX)
        }
        None | Some(0) if room < FEW => Finding::warn(ID, seen, FIX),
        _ => Finding::ok(ID, seen),
    }
}

/// Memory of a node without pages, and of a bound websocket, plain and over TLS, rounded up; see
/// docs/CLUSTER.md.
const BASE: u64 = 64 << 20;
const PLAIN: u64 = 2 << 10;
const OVER_TLS: u64 = 10 << 10;

/// Whether the memory of the container, or else of the host, holds as many websockets as are taken.
fn memory(config: &Config, websockets: usize, limit: Option<u64>) -> Finding {
    const ID: &str = "machine.memory";
    let Some(limit) = limit else {
        return Finding::skipped(
            ID,
            "no memory limit is told here (/sys/fs/cgroup, /proc/meminfo)",
        );
    };
    let each = match config.public.tls_cert {
        Some(_) => OVER_TLS,
        None => PLAIN,
    };
    let fitting = limit.saturating_sub(BASE) / each;
    let seen = format!("{} hold {} websockets", size(limit), about(fitting));
    if websockets as u64 <= fitting {
        return Finding::ok(ID, seen);
    }
    let seen = match websockets {
        capacity::MOST => format!("{seen}; the node takes any number"),
        _ => format!("{seen}; the node takes {websockets}"),
    };
    let fix = format!(
        "Set SCANGATE_LIMIT_CONNECTIONS={fitting}, or give it more memory: one page too many is then refused, \
         and not all pages lost."
    );
    Finding::warn(ID, seen, fix)
}

/// Bytes that this process may have: as its container says, and no more than the host has.
fn memory_limit() -> Option<u64> {
    let host = fs::read_to_string("/proc/meminfo").ok();
    let host = host.and_then(|text| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    let host = host.map(|kilobytes| kilobytes << 10);
    cgroup::memory_limit().into_iter().chain(host).min()
}

/// Whether the embedded broker can keep what it must keep.
fn data(config: &Config) -> Finding {
    const ID: &str = "machine.data";
    if config.broker.url != BrokerUrl::Embedded {
        return Finding::skipped(ID, "Redis keeps everything; the node writes no files");
    }
    let dir = &config.data.dir;
    let shown = dir.display();
    match try_to_write(dir) {
        Ok(true) => Finding::ok(ID, format!("{shown} can be written")),
        Ok(false) => Finding::ok(ID, format!("{shown} does not exist yet, and can be made")),
        Err(error) => Finding::fail(
            ID,
            format!("{shown} cannot be written: {error}"),
            "Set SCANGATE_DATA_DIR to a directory that the node's user may write, on a disk that stays.",
        ),
    }
}

/// Makes something there and takes it away; whether the directory was there before.
fn try_to_write(dir: &Path) -> io::Result<bool> {
    let trial = |dir: &Path| dir.join(format!(".doctor-{}", hex(&random::bytes::<8>())));
    if dir.try_exists()? {
        let file = trial(dir);
        fs::write(&file, "")?;
        fs::remove_file(file)?;
        return Ok(true);
    }
    let parents = dir.ancestors().skip(1);
    let here = |parent: &&Path| parent.as_os_str().is_empty() || parent.exists();
    let parent = parents
        .filter(here)
        .find(|parent| !parent.as_os_str().is_empty());
    let file = trial(parent.unwrap_or(Path::new(".")));
    fs::create_dir(&file)?;
    fs::remove_dir(file)?;
    Ok(false)
}

/// Whether a node that goes has the time to say goodbye.
fn drain(config: &Config, grace: Option<u64>, is_kubernetes: bool) -> Finding {
    const ID: &str = "machine.drain";
    let goodbyes = config.drain.delay + config.drain.over;
    let needed = (goodbyes + node::drain::REST).as_secs_f64();
    let (given, by) = match grace {
        Some(grace) => (grace, "--grace-period"),
        None if is_kubernetes => (30, "the default of Kubernetes"),
        None => {
            let why = format!("a drain takes up to {needed} s; how long a node has is not known");
            let look = format!(
                "Say it with --grace-period SECONDS: terminationGracePeriodSeconds, TimeoutStopSec, docker \
                 stop -t. It must be {needed} or more."
            );
            return Finding::by_hand(ID, why, look);
        }
    };
    let seen = format!("a drain takes up to {needed} s, of {given} s ({by})");
    if given as f64 >= needed {
        return Finding::ok(ID, seen);
    }
    if given as f64 >= goodbyes.as_secs_f64() {
        let fix = "Give it more time (terminationGracePeriodSeconds, TimeoutStopSec), or lower \
                   SCANGATE_DRAIN_SECONDS: where Redis is slow, what the node holds is not given back.";
        return Finding::warn(ID, seen, fix);
    }
    let fix = "Give it more time (terminationGracePeriodSeconds, TimeoutStopSec), or lower \
               SCANGATE_DRAIN_SECONDS; whoever has not heard goodbye by then is cut off.";
    Finding::fail(ID, seen, fix)
}

/// `about 12 million`: what was reckoned with figures as round as these.
fn about(count: u64) -> String {
    match count {
        0..1000 => format!("about {count}"),
        1000..1_000_000 => format!("about {},000", count / 1000),
        _ => format!("about {} million", count / 1_000_000),
    }
}

/// `512 MB`, `1.5 GB`: as people say it.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(size < 10.0 && unit > 0 && size.fract() >= 0.05);
    format!("{size:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::report::Status;
    use super::*;

    #[test]
    fn the_file_limit_must_leave_what_is_wanted() {
        for (wanted, room, status) in [
            (Some(20_000), 30_000, Status::Ok),
            (Some(20_000), 19_999, Status::Fail),
            (Some(500), 600, Status::Ok),
            (None, 1_000_000, Status::Ok),
            (None, 600, Status::Warn),
            (Some(0), 600, Status::Warn),
        ] {
            assert_eq!(files(wanted, room).status, status, "{wanted:?} {room}");
        }
    }

    #[test]
    fn memory_must_hold_what_is_taken() {
        let mut config = Config::default();
        let status = |config: &Config, limit| memory(config, 100_000, limit).status;
        assert_eq!(status(&config, Some(512 << 20)), Status::Ok);
        assert_eq!(status(&config, None), Status::Skipped);
        config.public.tls_cert = Some("cert.pem".into());
        assert_eq!(status(&config, Some(512 << 20)), Status::Warn);
        let fix = memory(&config, 100_000, Some(512 << 20)).fix.unwrap();
        assert!(fix.contains("SCANGATE_LIMIT_CONNECTIONS=45875"), "{fix}");
        let seen = memory(&config, 100_000, Some(512 << 20)).seen;
        assert_eq!(
            seen,
            "512 MB hold about 45,000 websockets; the node takes 100000"
        );
    }

    #[test]
    fn the_data_directory_is_tried_and_left_as_it_was() {
        let home = TempDir::new().unwrap();
        assert!(try_to_write(home.path()).unwrap());
        assert!(!try_to_write(&home.path().join("a/b")).unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(try_to_write(&file).is_err());
        assert!(try_to_write(&file.join("below")).is_err());
    }

    #[test]
    fn a_drain_must_fit_into_the_grace() {
        let config = Config::default();
        for (grace, is_kubernetes, status) in [
            (Some(34), false, Status::Ok),
            (Some(33), false, Status::Warn),
            (Some(22), true, Status::Warn),
            (Some(21), true, Status::Fail),
            (None, true, Status::Warn),
            (None, false, Status::Skipped),
        ] {
            assert_eq!(drain(&config, grace, is_kubernetes).status, status);
        }
    }

    #[test]
    fn sizes_are_told_as_people_say_them() {
        for (bytes, told) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (32 << 20, "32 MB"),
            (3 << 29, "1.5 GB"),
            (23 << 30, "23 GB"),
        ] {
            assert_eq!(size(bytes), told);
        }
    }
}
