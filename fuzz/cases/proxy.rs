//! PROXY headers: the verdict must not change when more bytes come.

use scangate::proxy_protocol::{LONGEST, Opening};

/// The first bytes of a connection.
pub fn proxy_header(data: &[u8]) {
    let whole = Opening::of(data);
    let mut settled = None;
    for length in 0..=data.len().min(LONGEST + 1) {
        let opening = Opening::of(&data[..length]);
        match settled {
            Some(verdict) => assert_eq!(opening, verdict, "changed at {length}"),
            None if opening != Opening::Incomplete => settled = Some(opening),
            None => assert!(length < LONGEST, "still waits after {length} bytes"),
        }
    }
    assert_eq!(whole, settled.unwrap_or(Opening::Incomplete));
    if let Opening::Header(header) = whole {
        assert!(header.length <= data.len().min(LONGEST));
        let exact = Opening::of(&data[..header.length]);
        assert_eq!(exact, whole, "it ends where it says");
        let short = Opening::of(&data[..header.length - 1]);
        assert_eq!(short, Opening::Incomplete);
    }
}
