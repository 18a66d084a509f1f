//! What the container, or the service manager, allows this process: the limits of its cgroup and of
//! those above it.
//!
//! ```text
//! 0::/system.slice/scangate.service      /proc/self/cgroup, version 2
//! 4:memory:/docker/3f1c…                 version 1
//! ```

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of memory that this process may use: the least limit of its cgroup and those around it; None where
/// nothing limits it.
pub fn memory_limit() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    limit_of(&own, Path::new("/sys/fs/cgroup"))
}

/// What `/proc/self/cgroup` says comes in lines `NUMBER:CONTROLLERS:PATH`: in version 2 one without
/// controllers, in version 1 one for `memory`.
fn limit_of(own: &str, root: &Path) -> Option<u64> {
    let lines = own.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        Some((parts.next()?, parts.next()?))
    });
    let files = lines.filter_map(|(controllers, path)| {
        let (folder, file) = match controllers {
            "" => (root.to_owned(), "memory.max"),
            list if list.split(',').any(|one| one == "memory") => {
                (root.join("memory"), "memory.limit_in_bytes")
            }
            _ => return None,
        };
        Some((folder, path, file))
    });
    files
        .flat_map(|(folder, path, file)| {
            // In a container the path may be that of the host, which is not there.
            let path = PathBuf::from(path.trim_start_matches('/'));
            let groups: Vec<_> = path
                .ancestors()
                .map(|group| folder.join(group).join(file))
                .collect();
            groups.into_iter().filter_map(|file| read(&file))
        })
        .min()
}

/// `max`, or a number; version 1 has a number beyond every machine for none.
fn read(file: &Path) -> Option<u64> {
    const BEYOND: u64 = 1 << 60;
    let limit = fs::read_to_string(file).ok()?.trim().parse().ok()?;
    (limit < BEYOND).then_some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn the_least_limit_of_the_groups_around_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(root, "a/memory.max", "200000\n");
        write(root, "a/b/memory.max", "300000\n");
        write(root, "a/b/c/memory.max", "max\n");
        assert_eq!(limit_of("0::/a/b/c\n", root), Some(200_000));
        assert_eq!(limit_of("0::/elsewhere\n", root), None);
        // A container's own root.
        write(root, "memory.max", "100000\n");
        assert_eq!(limit_of("0::/\n", root), Some(100_000));
        assert_eq!(limit_of("0::/of/the/host\n", root), Some(100_000));
    }

    #[test]
    fn the_first_version_says_none_by_a_huge_number() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let own = "9:cpu,cpuacct:/\n5:memory:/pod\n0::/\n";
        write(
            root,
            "memory/memory.limit_in_bytes",
            "9223372036854771712\n",
        );
        assert_eq!(limit_of(own, root), None);
        write(root, "memory/pod/memory.limit_in_bytes", "500000\n");
        assert_eq!(limit_of(own, root), Some(500_000));
        assert_eq!(limit_of("no line of a cgroup", root), None);
    }
}
