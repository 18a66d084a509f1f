//! What the container, or the service manager, allows this process: the limits of its cgroup and of
//! those above it.
//!
//! ```text
//! 0::/system.slice/scangate.service      /proc/self/cgroup, version 2
//! 4:memory:/docker/3f1c…                 version 1
//! ```

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of memory that this process may use; None where nothing limits it.
pub fn memory_limit() -> Option<u64> {
    /// Version 1 has no word for `unlimited`, but a number that no host has.
    const UNLIMITED: u64 = 1 << 60;
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let texts = limit_files(&own).into_iter().map(fs::read_to_string);
    let limits = texts.filter_map(|text| text.ok()?.trim().parse().ok());
    limits.filter(|limit| *limit < UNLIMITED).min()
}

/// The files that may hold a limit, for what `/proc/self/cgroup` says. In a container the path is often
/// the host's and does not exist; its top does.
fn limit_files(own: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in own.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let levels = Path::new(path.trim_start_matches('/')).ancestors();
        files.extend(levels.map(|level| Path::new(root).join(level).join(file)));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(own: &str) -> Vec<String> {
        let files = limit_files(own).into_iter();
        files.map(|file| file.display().to_string()).collect()
    }

    #[test]
    fn every_level_up_to_the_top_counts() {
        assert_eq!(
            shown("0::/system.slice/scangate.service\n"),
            [
                "/sys/fs/cgroup/system.slice/scangate.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
        assert_eq!(shown("0::/\n"), ["/sys/fs/cgroup/memory.max"]);
        assert_eq!(
            shown("5:cpu,cpuacct:/a\n4:memory:/a\n"),
            [
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ]
        );
        assert!(shown("rubbish\n").is_empty());
    }
}
