#![expect(clippy::disallowed_methods, reason = "adapter: reads what the engine wrote into the sandbox")]
//! The files that tell the probe and the self-check what else there is to try.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use rustix::net::{AddressFamily, SocketType, netdevice, socket};

/// What was found, as far as it could be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    /// Addresses that `/etc/resolv.conf` names.
    pub(crate) nameservers: Vec<IpAddr>,
    /// Numbers of the interfaces other than loopback, for link-local addresses.
    pub(crate) interfaces: Vec<u32>,
}

impl Files {
    /// Reads them; what is absent stays empty.
    pub(crate) fn read() -> Self {
        let resolv = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        let devices = fs::read_to_string("/proc/net/dev").unwrap_or_default();
        Self { nameservers: nameservers(&resolv), interfaces: indexes(&interface_names(&devices)) }
    }
}

/// The addresses of the `nameserver` lines.
pub(crate) fn nameservers(resolv: &str) -> Vec<IpAddr> {
    let address = |line: &str| line.strip_prefix("nameserver")?.split_whitespace().next()?.parse().ok();
    resolv.lines().filter_map(|line| address(line.trim())).collect()
}

/// The interfaces of `/proc/net/dev` other than loopback.
pub(crate) fn interface_names(devices: &str) -> Vec<String> {
    let name = |line: &str| line.split_once(':').map(|(name, _)| name.trim().to_owned());
    devices.lines().filter_map(name).filter(|name| name != "lo").collect()
}

/// Addresses of the sandbox's own network that no machine has claimed so far; none where the kernel does not tell.
pub(crate) fn absent_neighbours() -> Vec<IpAddr> {
    unclaimed(&fs::read_to_string("/proc/net/arp").unwrap_or_default())
}

/// The entries of `/proc/net/arp` that are not complete (`ATF_COM` of linux/if_arp.h).
fn unclaimed(neighbours: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [address, _, "0x0", ..] = fields[..] else { return None };
        address.parse().ok()
    };
    neighbours.lines().filter_map(address).collect()
}

/// On-link networks of `/proc/net/route`: network address and mask.
pub(crate) fn on_link(routes: &str) -> Vec<(Ipv4Addr, Ipv4Addr)> {
    let network = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, destination, gateway, _, _, _, _, mask, ..] = fields[..] else { return None };
        let found = (hex_address(destination)?, hex_address(mask)?);
        (hex_address(gateway)?.is_unspecified() && !found.1.is_unspecified()).then_some(found)
    };
    routes.lines().filter_map(network).collect()
}

/// An address as the kernel prints it: the bytes in memory order, as one little-endian number.
pub(crate) fn hex_address(text: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(text, 16).ok().map(|number| Ipv4Addr::from(number.to_le_bytes()))
}

fn indexes(names: &[String]) -> Vec<u32> {
    let Ok(any) = socket(AddressFamily::INET, SocketType::DGRAM, None) else { return Vec::new() };
    names.iter().filter_map(|name| netdevice::name_to_index(&any, name).ok()).collect()
}

#[cfg(test)]
mod tests;
