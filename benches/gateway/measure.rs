//! What the kernel says of a process, and what latencies say of a load.

use std::fs;
use std::io;
use std::time::Duration;

use crate::failure::Failure;

/// The unit of the times in `/proc/PID/stat`: USER_HZ, 100 a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// User and system time that a process has used, children not counted; in steps of 10 ms.
pub fn cpu_time(process: u32) -> Result<Duration, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field, a name in parentheses, may hold spaces; utime is the 14th, stime the 15th.
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u32>())
        .sum::<Result<u32, _>>()
        .map_err(io::Error::other)?;
    Ok(TICK * ticks)
}

/// Bytes of memory that a process has written and that no file backs: heap and stacks. The
/// kernel's own memory for its sockets is not in it.
pub fn anonymous_bytes(process: u32) -> Result<u64, Failure> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    rollup
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:")?.strip_suffix("kB"))
        .and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok())
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| io::Error::other("smaps_rollup without a line Anonymous").into())
}

/// The machine's load average of the last minute.
pub fn load_average() -> Result<f64, Failure> {
    let averages = fs::read_to_string("/proc/loadavg")?;
    let minute = averages.split(' ').next().unwrap_or_default();
    Ok(minute.parse().map_err(io::Error::other)?)
}

/// How long pushes took to their pages, in microseconds.
pub struct Latency {
    /// Half of them were as fast.
    pub p50: f64,
    /// All but one in a hundred were as fast.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

impl Latency {
    /// Of at least one sample, in microseconds, in any order.
    pub fn of(mut samples: Vec<u32>) -> Self {
        samples.sort_unstable();
        let last = samples.len() - 1;
        let percentile = |percent: usize| f64::from(samples[last * percent / 100]);
        Self {
            p50: percentile(50),
            p99: percentile(99),
            max: percentile(100),
        }
    }
}
