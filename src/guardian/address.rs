//! Which addresses may be dialled. Every address that a name leads to is judged; only what passes is in the permit.
//!
//! Invariant: pure, and the only place that makes a [`Permit`].

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net};

/// Addresses that were vetted for one connection, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    addresses: Vec<SocketAddr>,
}

/// One address of a [`Permit`]: what a connection may be made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vetted(SocketAddr);

impl Permit {
    /// Returns the vetted addresses.
    pub fn addresses(&self) -> impl Iterator<Item = Vetted> {
        self.addresses.iter().copied().map(Vetted)
    }
}

impl Vetted {
    /// Returns the address.
    pub fn get(self) -> SocketAddr {
        self.0
    }
}

/// Why an address may not be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// A range that is not the public internet; the text says which.
    #[error("{0}")]
    Range(&'static str),
    /// An address of the host that the sandboxes run on, even a public one.
    #[error("an address of this machine")]
    Host,
    /// A network of sandboxes, or the guardian itself.
    #[error("a network of sandboxes")]
    Sandbox,
    /// There was no address at all.
    #[error("no address")]
    Nothing,
}

/// What addresses are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Vetting<'a> {
    /// Networks that the user exempts.
    pub permitted: &'a [IpNet],
    /// The host's own addresses, in canonical form.
    pub host: &'a BTreeSet<IpAddr>,
    /// The networks of all sandboxes; the guardian's own addresses lie in them.
    pub sandboxes: &'a [Ipv4Net],
}

/// Returns a permit for those of `addresses` that may be dialled, IPv4 first; the reason of the first refusal if none may.
pub fn vet(addresses: &[IpAddr], port: u16, vetting: Vetting<'_>) -> Result<Permit, Forbidden> {
    let verdicts = addresses.iter().map(|address| judge(*address, vetting).map(|()| *address));
    let (passed, refused): (Vec<_>, Vec<_>) = verdicts.partition(Result::is_ok);
    let mut passed: Vec<IpAddr> = passed.into_iter().flatten().collect();
    if passed.is_empty() {
        return Err(refused.into_iter().find_map(Result::err).unwrap_or(Forbidden::Nothing));
    }
    passed.sort_by_key(IpAddr::is_ipv6);
    Ok(Permit { addresses: passed.into_iter().map(|address| SocketAddr::new(address, port)).collect() })
}

/// Returns whether an address may be dialled.
///
/// A permitted network exempts from the private ranges. What is never meant by accident (this machine, loopback,
/// link-local with its metadata services, tunnels to IPv4) is exempt only for a network that lies in that range itself,
/// so `0.0.0.0/0` does not open it. Sandboxes' networks are closed for everybody.
pub fn judge(address: IpAddr, vetting: Vetting<'_>) -> Result<(), Forbidden> {
    let permitting = || vetting.permitted.iter().filter(|network| network.contains(&address));
    let canonical = address.to_canonical();
    if let IpAddr::V4(inner) = canonical
        && vetting.sandboxes.iter().any(|network| network.contains(&inner))
    {
        return Err(Forbidden::Sandbox);
    }
    if vetting.host.contains(&canonical)
        && !permitting().any(|network| network.prefix_len() == network.max_prefix_len())
    {
        return Err(Forbidden::Host);
    }
    for range in RANGES.iter().filter(|range| range.network.contains(&address)) {
        let exempt = match range.strictness {
            Strictness::Private => permitting().next().is_some(),
            Strictness::Hard => permitting().any(|network| range.network.contains(network)),
        };
        if !exempt {
            return Err(Forbidden::Range(range.name));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Somebody's own network: a permitted network around the address is enough.
    Private,
    /// A permitted network must lie inside of the range.
    Hard,
}

struct Range {
    network: IpNet,
    strictness: Strictness,
    name: &'static str,
}

/// Special-purpose ranges of the IANA registries (RFC 6890), each with its own source.
const TABLE: &[(&str, Strictness, &str)] = &[
    // RFC 1122 §3.2.1.3: "this network"; Linux connects 0.0.0.0 to itself
    ("0.0.0.0/8", Strictness::Hard, "an unspecified address"),
    // RFC 1918 §3
    ("10.0.0.0/8", Strictness::Private, "a private address"),
    // RFC 6598 §7: carrier-grade NAT, also used by overlay networks
    ("100.64.0.0/10", Strictness::Private, "a shared address"),
    // Alibaba Cloud's metadata service, inside RFC 6598
    ("100.100.100.200/32", Strictness::Hard, "a metadata service"),
    // RFC 1122 §3.2.1.3
    ("127.0.0.0/8", Strictness::Hard, "a loopback address"),
    // Azure's platform services (WireServer), a public address by its form
    ("168.63.129.16/32", Strictness::Hard, "a metadata service"),
    // RFC 3927 §2.1: link-local; 169.254.169.254 and its kin are metadata services
    ("169.254.0.0/16", Strictness::Hard, "a link-local address"),
    // RFC 1918 §3
    ("172.16.0.0/12", Strictness::Private, "a private address"),
    // RFC 6890 §2.1: IETF protocol assignments
    ("192.0.0.0/24", Strictness::Hard, "a reserved address"),
    // RFC 5737 §3: TEST-NET-1
    ("192.0.2.0/24", Strictness::Private, "a documentation address"),
    // RFC 7526 §4: 6to4 relay anycast, deprecated
    ("192.88.99.0/24", Strictness::Hard, "a reserved address"),
    // RFC 1918 §3
    ("192.168.0.0/16", Strictness::Private, "a private address"),
    // RFC 2544 §C.2.2: benchmarking
    ("198.18.0.0/15", Strictness::Private, "a benchmarking address"),
    // RFC 5737 §3: TEST-NET-2
    ("198.51.100.0/24", Strictness::Private, "a documentation address"),
    // RFC 5737 §3: TEST-NET-3
    ("203.0.113.0/24", Strictness::Private, "a documentation address"),
    // RFC 5771 §3: multicast
    ("224.0.0.0/4", Strictness::Hard, "a multicast address"),
    // RFC 1112 §4: reserved; RFC 919 §7: 255.255.255.255 is the broadcast address
    ("240.0.0.0/4", Strictness::Hard, "a reserved address"),
    // RFC 4291 §2.5.2, §2.5.3, §2.5.5.1: unspecified, loopback, and the deprecated IPv4-compatible addresses
    ("::/96", Strictness::Hard, "a loopback or IPv4-compatible address"),
    // RFC 4291 §2.5.5.2: IPv4-mapped; the system would dial the IPv4 address in it
    ("::ffff:0:0/96", Strictness::Hard, "an IPv4-mapped address"),
    // RFC 2765 §2.1: IPv4-translated (SIIT)
    ("::ffff:0:0:0/96", Strictness::Hard, "an IPv4-translated address"),
    // RFC 6052 §2.1: NAT64, leads to any IPv4 address
    ("64:ff9b::/96", Strictness::Hard, "a NAT64 address"),
    // RFC 8215 §4: NAT64 for local use
    ("64:ff9b:1::/48", Strictness::Hard, "a NAT64 address"),
    // RFC 6666 §4: discard only
    ("100::/64", Strictness::Hard, "a discard address"),
    // RFC 4380 §2.6 (Teredo) and the rest of RFC 2928's protocol assignments, ORCHID (RFC 7343) among them
    ("2001::/23", Strictness::Hard, "a Teredo or reserved address"),
    // RFC 3849 §4, RFC 9637 §3: documentation
    ("2001:db8::/32", Strictness::Private, "a documentation address"),
    ("3fff::/20", Strictness::Private, "a documentation address"),
    // RFC 3056 §2: 6to4, leads to any IPv4 address
    ("2002::/16", Strictness::Hard, "a 6to4 address"),
    // RFC 9602 §5: segment routing identifiers
    ("5f00::/16", Strictness::Hard, "a reserved address"),
    // RFC 4193 §3.1: unique local
    ("fc00::/7", Strictness::Private, "a unique local address"),
    // Amazon's metadata service over IPv6, inside RFC 4193
    ("fd00:ec2::254/128", Strictness::Hard, "a metadata service"),
    // Google's metadata service over IPv6, inside RFC 4193
    ("fd20:ce::254/128", Strictness::Hard, "a metadata service"),
    // RFC 4291 §2.5.6: link-local
    ("fe80::/10", Strictness::Hard, "a link-local address"),
    // RFC 3879 §4: site-local, deprecated
    ("fec0::/10", Strictness::Private, "a site-local address"),
    // RFC 4291 §2.7: multicast
    ("ff00::/8", Strictness::Hard, "a multicast address"),
];

static RANGES: LazyLock<Vec<Range>> = LazyLock::new(|| TABLE.iter().map(range).collect());

fn range((network, strictness, name): &(&str, Strictness, &'static str)) -> Range {
    let network = network.parse().expect("the table holds networks, a test reads them all");
    Range { network, strictness: *strictness, name }
}

#[cfg(test)]
mod tests;
