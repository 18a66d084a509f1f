//! Who is asking: the client's address, seen through the proxies that are believed.

use std::net::{IpAddr, Ipv6Addr};

use hyper::HeaderMap;
use ipnet::IpNet;

/// A client's address, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address.
    pub address: IpAddr,
    /// Whether a proxy that is not believed stands before the client, so that all clients would
    /// share one address: limits by address are then off.
    pub hidden: bool,
}

impl Client {
    /// Sees through `trusted` proxies by `X-Forwarded-For`.
    ///
    /// A header from an untrusted peer proves nothing. Where that peer is on this host or in the
    /// private network it is taken for a proxy that the operator has not named, and the client is
    /// hidden; where it is on the internet it is a client that made the header up.
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Client {
        let peer = peer.to_canonical();
        let believed = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
        if !believed(peer) {
            return Client {
                address: peer,
                hidden: is_forwarded(headers) && is_private(peer),
            };
        }
        let chain: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .collect();
        let mut address = peer;
        for hop in chain.into_iter().rev() {
            let Some(hop) = parse_hop(hop) else { break };
            address = hop;
            if !believed(hop) {
                break;
            }
        }
        Client {
            address,
            hidden: false,
        }
    }

    /// What limits count by: an IPv4 address, or the network of an IPv6 one, for a single client
    /// has a whole /64 of those.
    pub fn counted(self) -> IpAddr {
        match self.address {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            v4 => v4,
        }
    }
}

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whether somebody between the client and us says that it forwards.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED_FOR) || headers.contains_key("forwarded")
}

/// An address, with or without a port, as proxies write it.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    hop.parse()
        .or_else(|_| hop.parse().map(|socket: std::net::SocketAddr| socket.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &str) -> Client {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted
            .split_whitespace()
            .map(|net| net.parse().unwrap())
            .collect();
        Client::of(peer.parse().unwrap(), &headers, &trusted)
    }

    fn seen(address: &str) -> Client {
        Client {
            address: address.parse().unwrap(),
            hidden: false,
        }
    }

    #[test]
    fn trusted_proxies_are_seen_through_from_the_right() {
        let trusted = "10.0.0.0/8";
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9"], trusted),
            seen("203.0.113.9")
        );
        assert_eq!(
            client("10.0.0.1", &["1.2.3.4, 203.0.113.9", "10.9.9.9"], trusted),
            seen("203.0.113.9"),
            "what stands left of the first stranger is the stranger's own word"
        );
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9:4711"], trusted),
            seen("203.0.113.9")
        );
        assert_eq!(client("10.0.0.1", &["unknown"], trusted), seen("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &[], trusted), seen("10.0.0.1"));
        assert_eq!(
            client("::ffff:10.0.0.1", &["2001:db8::1"], trusted),
            seen("2001:db8::1")
        );
    }

    #[test]
    fn strangers_are_not_believed() {
        assert_eq!(
            client("203.0.113.1", &["1.2.3.4"], "10.0.0.0/8"),
            seen("203.0.113.1")
        );
        let hidden = client("127.0.0.1", &["1.2.3.4"], "");
        assert!(hidden.hidden && hidden.address.is_loopback());
        assert!(!client("127.0.0.1", &[], "").hidden);
    }

    #[test]
    fn an_ipv6_client_counts_as_its_network() {
        assert_eq!(
            seen("2001:db8::1:2:3:4").counted(),
            seen("2001:db8::").address
        );
        assert_eq!(seen("192.0.2.1").counted(), seen("192.0.2.1").address);
    }
}
