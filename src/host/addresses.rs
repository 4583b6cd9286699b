#![expect(clippy::disallowed_methods, reason = "adapter: the kernel's tables")]
//! This host's own addresses and routes, as the kernel lists them in `/proc/net`.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;

/// Most bytes of one of the kernel's tables that are read.
const LIMIT: u64 = 16 << 20;

/// A table of the kernel could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read `{path}`")]
pub struct AddressesError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Returns whether the kernel has IPv6 at all.
pub fn has_ipv6() -> bool {
    Path::new("/proc/sys/net/ipv6").is_dir()
}

/// Returns every address of this host but the loopback ones.
///
/// # Errors
/// `/proc/net/fib_trie` cannot be read; a kernel without IPv6 is none.
pub fn own() -> Result<BTreeSet<IpAddr>, AddressesError> {
    let mut addresses: BTreeSet<IpAddr> = local_v4(&table("/proc/net/fib_trie")?).into_iter().map(IpAddr::V4).collect();
    let v6 = match table("/proc/net/if_inet6") {
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => String::new(),
        other => other?,
    };
    addresses.extend(local_v6(&v6).into_iter().map(IpAddr::V6));
    addresses.retain(|address| !address.is_loopback());
    Ok(addresses)
}

/// Returns the destinations that this host has a route to, without the default route.
///
/// # Errors
/// `/proc/net/route` cannot be read.
pub fn routes() -> Result<Vec<Ipv4Net>, AddressesError> {
    Ok(destinations(&table("/proc/net/route")?))
}

fn table(path: &str) -> Result<String, AddressesError> {
    let failed = |source: io::Error| AddressesError { path: path.into(), source };
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(path, flags, rustix::fs::Mode::empty()).map_err(|error| failed(error.into()))?;
    let mut text = String::new();
    std::fs::File::from(descriptor).take(LIMIT).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Reads `fib_trie`: an address line is followed by what the address is, and `/32 host LOCAL` is one of ours.
fn local_v4(text: &str) -> BTreeSet<Ipv4Addr> {
    let mut found = BTreeSet::new();
    let mut last: Option<Ipv4Addr> = None;
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line.starts_with("/32 host LOCAL") {
            found.extend(last);
        }
    }
    found
}

/// Reads `if_inet6`: 32 hexadecimal digits first, the interface last.
fn local_v6(text: &str) -> BTreeSet<Ipv6Addr> {
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|digits| digits.len() == 32)
        .filter_map(|digits| u128::from_str_radix(digits, 16).ok())
        .map(Ipv6Addr::from_bits)
        .collect()
}

/// Reads `route`: destination and mask as hexadecimal numbers in the host's byte order.
fn destinations(text: &str) -> Vec<Ipv4Net> {
    let address = |field: Option<&&str>| {
        let number = u32::from_str_radix(field?, 16).ok()?;
        Some(Ipv4Addr::from(number.to_ne_bytes()))
    };
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            Ipv4Net::with_netmask(address(fields.get(1))?, address(fields.get(7))?).ok()
        })
        .filter(|network| network.prefix_len() > 0)
        .collect()
}

#[cfg(test)]
mod tests;
