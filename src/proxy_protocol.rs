//! The line or block of bytes by which a proxy says, before anything else, whose connection it
//! passes on: the PROXY protocol, versions 1 and 2.
//!
//! ```text
//! PROXY TCP4 203.0.113.9 192.0.2.1 40000 2129\r\n
//! \r\n\r\n\0\r\nQUIT\n  0x21 0x11  length (2)  source (4)  destination (4)  ports (2 + 2)  more
//! ```
//!
//! Source: <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>, section 2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Too few bytes to say.
    Incomplete,
    /// No header: the connection speaks for itself.
    Absent,
    /// A header.
    Header(Header),
    /// What begins like a header and is none.
    Malformed,
}

/// A header, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whose connection it is; None where the proxy speaks for itself (`LOCAL`, as in its health
    /// checks) or does not know (`UNKNOWN`, or no address of TCP).
    pub source: Option<SocketAddr>,
    /// Bytes of the header; what follows belongs to the connection.
    pub length: usize,
}

/// The longest header that is read, in bytes. One of version 1 has at most 107; one of version 2
/// could announce 64 KiB of extensions, and has a few hundred bytes where a proxy adds any.
pub const LONGEST: usize = 4096;

const LINE_START: &[u8] = b"PROXY ";
const LONGEST_LINE: usize = 107;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const FIXED: usize = SIGNATURE.len() + 4;

impl Opening {
    /// Judges the first bytes of a connection, as many as have come.
    pub fn of(bytes: &[u8]) -> Opening {
        match bytes {
            _ if bytes.starts_with(SIGNATURE) => of_block(bytes),
            _ if bytes.starts_with(LINE_START) => of_line(bytes),
            _ if SIGNATURE.starts_with(bytes) || LINE_START.starts_with(bytes) => {
                Opening::Incomplete
            }
            _ => Opening::Absent,
        }
    }
}

/// Version 1: a line of text.
fn of_line(bytes: &[u8]) -> Opening {
    let start = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = start.iter().position(|byte| *byte == b'\n') else {
        return match bytes.len() {
            0..LONGEST_LINE => Opening::Incomplete,
            _ => Opening::Malformed,
        };
    };
    let line = start[LINE_START.len()..end].strip_suffix(b"\r");
    let source = line
        .and_then(|line| std::str::from_utf8(line).ok())
        .and_then(source_of_line);
    source.map_or(Opening::Malformed, |source| {
        Opening::Header(Header {
            source,
            length: end + 1,
        })
    })
}

/// The source that the words of a line name; None where they are wrong.
fn source_of_line(line: &str) -> Option<Option<SocketAddr>> {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        // Whatever stands behind this word is to be ignored.
        ["UNKNOWN", ..] => Some(None),
        ["TCP4", source, destination, from, to] => {
            ends::<Ipv4Addr>([source, destination], [from, to]).map(Some)
        }
        ["TCP6", source, destination, from, to] => {
            ends::<Ipv6Addr>([source, destination], [from, to]).map(Some)
        }
        _ => None,
    }
}

/// The source, where both ends of the connection are well written.
fn ends<A: FromStr + Into<IpAddr>>(addresses: [&str; 2], ports: [&str; 2]) -> Option<SocketAddr> {
    let [source, destination] = addresses.map(|text| text.parse::<A>().ok());
    let [from, to] = ports.map(port);
    let source = SocketAddr::new(source?.into(), from?);
    (destination.is_some() && to.is_some()).then_some(source)
}

/// 0 to 65535, in digits, without zeros before it.
fn port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = text.len() > 1 && text.starts_with('0');
    (plain && !padded).then(|| text.parse().ok())?
}

/// Version 2: a block with its length in it.
fn of_block(bytes: &[u8]) -> Opening {
    let Some(&[version_and_command, family, high, low]) = bytes
        .get(SIGNATURE.len()..)
        .and_then(<[u8]>::first_chunk::<4>)
    else {
        return Opening::Incomplete;
    };
    let length = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST {
        return Opening::Malformed;
    }
    let Some(addresses) = bytes.get(FIXED..length) else {
        return Opening::Incomplete;
    };
    let source = match version_and_command {
        0x20 => Some(None),
        0x21 => source_of_block(family, addresses),
        _ => None,
    };
    source.map_or(Opening::Malformed, |source| {
        Opening::Header(Header { source, length })
    })
}

/// The source among the addresses of a block; None where they are wrong.
fn source_of_block(family: u8, addresses: &[u8]) -> Option<Option<SocketAddr>> {
    let source = match family {
        0x11 => {
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *addresses.first_chunk::<12>()?;
            let port = u16::from_be_bytes([high, low]);
            Some(SocketAddr::from(([a, b, c, d], port)))
        }
        0x21 => {
            let [rest @ .., high, low, _, _] = addresses.first_chunk::<36>()?;
            let port = u16::from_be_bytes([*high, *low]);
            Some(SocketAddr::from((*rest.first_chunk::<16>()?, port)))
        }
        // Unspecified, UDP, Unix sockets: a connection, but of nobody with an address of TCP.
        0x00 | 0x12 | 0x22 | 0x31 | 0x32 => None,
        _ => return None,
    };
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(source: Option<&str>, length: usize) -> Opening {
        let source = source.map(|source| source.parse().unwrap());
        Opening::Header(Header { source, length })
    }

    /// A block with these addresses.
    fn block(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, addresses].concat()
    }

    fn ipv4_block() -> Vec<u8> {
        let addresses = [203, 0, 113, 9, 192, 0, 2, 1, 0x9C, 0x40, 0x08, 0x51];
        block(0x21, 0x11, &addresses)
    }

    fn ipv6_block() -> Vec<u8> {
        let ends: [Ipv6Addr; 2] = ["2001:db8::9", "2001:db8::1"].map(|text| text.parse().unwrap());
        let mut addresses = ends.map(|end| end.octets()).concat();
        addresses.extend([0x9C, 0x40, 0x08, 0x51]);
        block(0x21, 0x21, &addresses)
    }

    #[test]
    fn a_line_names_the_source() {
        for (line, source) in [
            (
                "PROXY TCP4 203.0.113.9 192.0.2.1 40000 2129\r\n",
                Some("203.0.113.9:40000"),
            ),
            (
                "PROXY TCP6 2001:db8::9 2001:db8::1 65535 0\r\n",
                Some("[2001:db8::9]:65535"),
            ),
            ("PROXY UNKNOWN\r\n", None),
            ("PROXY UNKNOWN ffff:f...f:ffff whatever\r\n", None),
        ] {
            assert_eq!(Opening::of(line.as_bytes()), header(source, line.len()));
        }
    }

    #[test]
    fn a_block_names_the_source() {
        let mut extended = ipv4_block();
        extended.extend([0x04, 0, 3, 1, 2, 3]);
        extended[15] += 6;
        for (block, source) in [
            (ipv4_block(), Some("203.0.113.9:40000")),
            (extended, Some("203.0.113.9:40000")),
            (ipv6_block(), Some("[2001:db8::9]:40000")),
            (block(0x20, 0x00, &[]), None),
            (block(0x20, 0x11, &[1; 12]), None),
            (block(0x21, 0x00, &[1; 7]), None),
            (block(0x21, 0x31, &[1; 216]), None),
        ] {
            assert_eq!(Opening::of(&block), header(source, block.len()));
        }
    }

    #[test]
    fn the_same_comes_of_it_byte_by_byte() {
        let line = b"PROXY TCP4 203.0.113.9 192.0.2.1 40000 2129\r\n".to_vec();
        for whole in [line, ipv4_block(), ipv6_block(), block(0x20, 0x00, &[])] {
            let verdict = Opening::of(&whole);
            for length in 0..whole.len() {
                assert_eq!(Opening::of(&whole[..length]), Opening::Incomplete);
            }
            for rest in ["G", "PROXY ", "\r\n\r\n"] {
                let more = [&whole, rest.as_bytes()].concat();
                assert_eq!(Opening::of(&more), verdict);
            }
        }
    }

    #[test]
    fn what_speaks_for_itself_is_left_alone() {
        for start in [
            "G",
            "POST /wechat",
            "PR ",
            "PROXY\t",
            "proxy TCP4",
            "\r\nGET /",
            "\x16\x03\x01",
        ] {
            assert_eq!(Opening::of(start.as_bytes()), Opening::Absent, "{start:?}");
        }
    }

    #[test]
    fn a_spoilt_line_is_no_line() {
        for line in [
            "PROXY \r\n",
            "PROXY TCP4\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 40000 2129\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 40000\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 40000 2129 \r\n",
            "PROXY TCP4  203.0.113.9 192.0.2.1 40000 2129\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2 40000 2129\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 040000 2129\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 +4 2129\r\n",
            "PROXY TCP4 203.0.113.9 192.0.2.1 40000 65536\r\n",
            "PROXY TCP4 2001:db8::9 2001:db8::1 40000 2129\r\n",
            "PROXY TCP6 203.0.113.9 192.0.2.1 40000 2129\r\n",
            "PROXY TCP5 203.0.113.9 192.0.2.1 40000 2129\r\n",
            "PROXY /path HTTP/1.1\r\n",
        ] {
            assert_eq!(Opening::of(line.as_bytes()), Opening::Malformed, "{line:?}");
        }
        let endless = [LINE_START, b"UNKNOWN ", &[b'x'; LONGEST_LINE]].concat();
        assert_eq!(
            Opening::of(&endless[..LONGEST_LINE - 1]),
            Opening::Incomplete
        );
        assert_eq!(Opening::of(&endless[..LONGEST_LINE]), Opening::Malformed);
    }

    #[test]
    fn a_spoilt_block_is_no_block() {
        let long = [0; LONGEST - FIXED + 1];
        for block in [
            block(0x11, 0x11, &[1; 12]),
            block(0x22, 0x11, &[1; 12]),
            block(0x21, 0x11, &[1; 11]),
            block(0x21, 0x21, &[1; 35]),
            block(0x21, 0x41, &[1; 12]),
            block(0x21, 0x13, &[1; 12]),
            block(0x20, 0x00, &long),
        ] {
            assert_eq!(Opening::of(&block), Opening::Malformed, "{block:?}");
        }
    }
}
