//! `network`: where sandbox networks lie, and the exceptions that the user makes for addresses and names.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use ipnet::{IpNet, Ipv4Net};

use super::super::host::Host;
use super::super::model::NetworkPolicy;
use super::super::ranges;
use super::checker::{Checker, members};
use crate::config::jsonc::{Data, Node, pointer};

/// Keys of `network`.
pub(super) const KEYS: &[&str] = &["pool", "permitAddresses", "hosts", "caBundle", "upstreamProxy"];
/// Size of one sandbox's network.
const SUBNET: u8 = 28;
/// Blocks of RFC 1918; a pool anywhere else would hide a part of the internet.
const PRIVATE: [Ipv4Net; 3] = [
    Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16),
];
/// The guardian's own addresses.
const LOOPBACK: [IpNet; 2] = [
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
];
const PATH: &str = "/network";

/// Returns the network part of the file.
pub(super) fn read(checker: &mut Checker<'_>, root: &Node, base: NetworkPolicy) -> NetworkPolicy {
    let Some(section) = checker.section(root, "", "network", KEYS) else { return base };
    checker.unsupported(section, PATH, "upstreamProxy");
    let pool = pool(checker, section).unwrap_or(base.pool);
    NetworkPolicy {
        pool,
        permit_addresses: checker.parsed(
            section,
            PATH,
            "permitAddresses",
            "networks such as \"10.1.0.0/16\"",
            |text| permitted(text, pool),
        ),
        hosts: hosts(checker, section, pool),
        ca_bundle: ca_bundle(checker, section),
    }
}

fn pool(checker: &mut Checker<'_>, section: &Node) -> Option<Ipv4Net> {
    const TAKES: &str = "a private network such as \"10.222.0.0/16\"";
    let node = &section.member("pool")?.node;
    let here = pointer(PATH, "pool");
    let Data::Text(text) = &node.data else { return checker.takes(&here, node, TAKES) };
    let reason = match text.parse::<Ipv4Net>() {
        Err(_) => "it is not an IPv4 network",
        Ok(net) if net.trunc() != net => "bits are set behind the prefix",
        Ok(net) if net.prefix_len() > SUBNET => "it has no room for one sandbox (/28)",
        Ok(net) if !PRIVATE.iter().any(|block| block.contains(&net)) => "it is not private (RFC 1918)",
        Ok(net) => return Some(net),
    };
    checker.refuses(&here, node, &reason, TAKES);
    None
}

fn permitted(text: &str, pool: Ipv4Net) -> Result<IpNet, String> {
    const NO_NETWORK: &str = "it is not a network; a single address is written with /32 or /128";
    let net = text.parse::<IpNet>().map_err(|_| NO_NETWORK.to_owned())?;
    let overlaps = |other: IpNet| net.contains(&other) || other.contains(&net);
    match net {
        _ if net.trunc() != net => Err("bits are set behind the prefix".to_owned()),
        _ if net.prefix_len() == 0 => Err("it is every address there is, which would end all vetting".to_owned()),
        _ if overlaps(IpNet::V4(pool)) => Err("it overlaps the pool, so sandboxes could reach each other".to_owned()),
        _ if LOOPBACK.into_iter().any(overlaps) => Err("loopback addresses are the guardian itself".to_owned()),
        _ => ranges::closed(net).map_or(Ok(net), |what| Err(never(what))),
    }
}

/// Returns whether a sandbox may reach an address at all, whatever else is permitted; the reason if not.
pub(super) fn reachable(address: IpAddr, pool: Ipv4Net) -> Result<(), String> {
    match address.to_canonical() {
        IpAddr::V4(inner) if pool.contains(&inner) => {
            Err(never("an address of the pool: a sandbox's, or the guardian's"))
        }
        _ => ranges::closed(IpNet::from(address)).map_or(Ok(()), |what| Err(never(what))),
    }
}

fn never(what: &str) -> String {
    format!("it is {what}, which no sandbox may ever reach")
}

fn hosts(checker: &mut Checker<'_>, section: &Node, pool: Ipv4Net) -> BTreeMap<Host, IpAddr> {
    let here = pointer(PATH, "hosts");
    let mut hosts = BTreeMap::new();
    let Some(member) = section.member("hosts") else { return hosts };
    if !matches!(member.node.data, Data::Object(_)) {
        checker.takes::<()>(&here, &member.node, "an object such as { \"build.example.com\": \"192.0.2.10\" }");
    }
    for entry in members(&member.node) {
        let here = pointer(&here, &entry.key);
        let Data::Text(text) = &entry.node.data else {
            checker.takes::<()>(&here, &entry.node, "an address");
            continue;
        };
        match (Host::parse(&entry.key), text.parse::<IpAddr>()) {
            (Ok(host), Ok(address)) => {
                if let Err(reason) = reachable(address, pool) {
                    checker.refuses(&here, &entry.node, &reason, "addresses such as \"192.0.2.10\"");
                }
                if hosts.insert(host, address).is_some() {
                    checker.refuses(&here, &entry.node, &"the same name stands here twice", "each name once");
                }
            }
            (Err(error), _) => checker.refuses(&here, &entry.node, &error, "host names as keys"),
            (_, Err(_)) => {
                checker.refuses(&here, &entry.node, &"it is not an address", "addresses such as \"192.0.2.10\"");
            }
        }
    }
    hosts
}

fn ca_bundle(checker: &mut Checker<'_>, section: &Node) -> Option<PathBuf> {
    let node = &section.member("caBundle")?.node;
    match &node.data {
        Data::Null => None,
        Data::Text(text) if text.is_empty() => None,
        Data::Text(text) if text.starts_with('/') && !text.contains('\0') => Some(PathBuf::from(text)),
        _ => checker.takes(&pointer(PATH, "caBundle"), node, "the absolute path of a PEM file"),
    }
}
