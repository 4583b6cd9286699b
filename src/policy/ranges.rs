//! Addresses that are not the public internet, and which of them the user may open.
//!
//! Invariant: pure. A closed range stays closed whatever anybody permits: nobody means this machine, a metadata service or
//! a tunnel to any IPv4 address by the name of a server (SEC-38).

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;

use self::Access::{Closed, Private};

/// A special-purpose range.
#[derive(Debug)]
pub struct Range {
    /// Its addresses.
    pub network: IpNet,
    /// Whether nothing opens it.
    pub closed: bool,
    /// What an address of it is.
    pub name: &'static str,
}

/// Returns every range that an address lies in.
pub fn of(address: IpAddr) -> impl Iterator<Item = &'static Range> {
    RANGES.iter().filter(move |range| range.network.contains(&address))
}

/// Returns what every address of a network is, where nothing opens it.
pub fn closed(network: IpNet) -> Option<&'static str> {
    RANGES.iter().find(|range| range.closed && range.network.contains(&network)).map(|range| range.name)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Somebody's own network, which the user may permit.
    Private,
    /// Never.
    Closed,
}

/// Special-purpose ranges of the IANA registries (RFC 6890), each with its own source.
const TABLE: &[(&str, Access, &str)] = &[
    // RFC 1122 §3.2.1.3: "this network"; Linux connects 0.0.0.0 to itself
    ("0.0.0.0/8", Closed, "an unspecified address"),
    // RFC 1918 §3
    ("10.0.0.0/8", Private, "a private address"),
    // RFC 6598 §7: carrier-grade NAT, also used by overlay networks
    ("100.64.0.0/10", Private, "a shared address"),
    // Alibaba Cloud's metadata service, inside RFC 6598
    ("100.100.100.200/32", Closed, "a metadata service"),
    // RFC 1122 §3.2.1.3
    ("127.0.0.0/8", Closed, "a loopback address"),
    // Azure's platform services (WireServer), a public address by its form
    ("168.63.129.16/32", Closed, "a metadata service"),
    // RFC 3927 §2.1: link-local; 169.254.169.254 and its kin are metadata services
    ("169.254.0.0/16", Closed, "a link-local address"),
    // RFC 1918 §3
    ("172.16.0.0/12", Private, "a private address"),
    // RFC 6890 §2.1: IETF protocol assignments
    ("192.0.0.0/24", Closed, "a reserved address"),
    // RFC 5737 §3: TEST-NET-1
    ("192.0.2.0/24", Private, "a documentation address"),
    // RFC 7526 §4: 6to4 relay anycast, deprecated
    ("192.88.99.0/24", Closed, "a reserved address"),
    // RFC 1918 §3
    ("192.168.0.0/16", Private, "a private address"),
    // RFC 2544 §C.2.2: benchmarking
    ("198.18.0.0/15", Private, "a benchmarking address"),
    // RFC 5737 §3: TEST-NET-2
    ("198.51.100.0/24", Private, "a documentation address"),
    // RFC 5737 §3: TEST-NET-3
    ("203.0.113.0/24", Private, "a documentation address"),
    // RFC 5771 §3: multicast
    ("224.0.0.0/4", Closed, "a multicast address"),
    // RFC 1112 §4: reserved; RFC 919 §7: 255.255.255.255 is the broadcast address
    ("240.0.0.0/4", Closed, "a reserved address"),
    // RFC 4291 §2.5.2, §2.5.3, §2.5.5.1: unspecified, loopback, and the deprecated IPv4-compatible addresses
    ("::/96", Closed, "a loopback or IPv4-compatible address"),
    // RFC 4291 §2.5.5.2: IPv4-mapped; the system would dial the IPv4 address in it
    ("::ffff:0:0/96", Closed, "an IPv4-mapped address"),
    // RFC 2765 §2.1: IPv4-translated (SIIT)
    ("::ffff:0:0:0/96", Closed, "an IPv4-translated address"),
    // RFC 6052 §2.1: NAT64, leads to any IPv4 address
    ("64:ff9b::/96", Closed, "a NAT64 address"),
    // RFC 8215 §4: NAT64 for local use
    ("64:ff9b:1::/48", Closed, "a NAT64 address"),
    // RFC 6666 §4: discard only
    ("100::/64", Closed, "a discard address"),
    // RFC 4380 §2.6 (Teredo) and the rest of RFC 2928's protocol assignments, ORCHID (RFC 7343) among them
    ("2001::/23", Closed, "a Teredo or reserved address"),
    // RFC 3849 §4, RFC 9637 §3: documentation
    ("2001:db8::/32", Private, "a documentation address"),
    ("3fff::/20", Private, "a documentation address"),
    // RFC 3056 §2: 6to4, leads to any IPv4 address
    ("2002::/16", Closed, "a 6to4 address"),
    // RFC 9602 §5: segment routing identifiers
    ("5f00::/16", Closed, "a reserved address"),
    // RFC 4193 §3.1: unique local
    ("fc00::/7", Private, "a unique local address"),
    // Amazon's metadata service over IPv6, inside RFC 4193
    ("fd00:ec2::254/128", Closed, "a metadata service"),
    // Google's metadata service over IPv6, inside RFC 4193
    ("fd20:ce::254/128", Closed, "a metadata service"),
    // RFC 4291 §2.5.6: link-local
    ("fe80::/10", Closed, "a link-local address"),
    // RFC 3879 §4: site-local, deprecated
    ("fec0::/10", Private, "a site-local address"),
    // RFC 4291 §2.7: multicast
    ("ff00::/8", Closed, "a multicast address"),
];

static RANGES: LazyLock<Vec<Range>> = LazyLock::new(|| TABLE.iter().map(range).collect());

fn range((network, access, name): &(&str, Access, &'static str)) -> Range {
    let network = network.parse().expect("the table holds networks, a test reads them all");
    Range { network, closed: *access == Closed, name }
}

#[cfg(test)]
mod tests;
