//! Random bytes from the operating system's cryptographic source.

use std::time::Duration;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    bytes
}

/// A random part of `most`, for waits that should not fall together.
pub fn part_of(most: Duration) -> Duration {
    most.mul_f64(f64::from(u32::from_le_bytes(bytes())) / f64::from(u32::MAX))
}
