//! Random words, from the system's generator.

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has a random generator");
    bytes
}

/// `N` random characters of `[A-Za-z0-9_-]`.
pub fn word<const N: usize>() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    bytes::<N>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 63)]))
        .collect()
}

/// A random number below `end`; slightly uneven, which nobody here minds.
pub fn below(end: u64) -> u64 {
    u64::from_le_bytes(bytes()) % end
}
