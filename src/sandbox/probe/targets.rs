//! What is tried over the network, as a table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::facts::Files;
use crate::sandbox::protocol::ProbeRequest;

/// How an answer of the target is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing may answer, not even with a reset.
    Silent,
    /// A loopback resolver may answer, but may not have resolved anything.
    Unresolving,
    /// Not even a source address may exist for it.
    Unroutable,
    /// It must accept a connection.
    Reachable,
}

/// One address with everything that is tried on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) id: &'static str,
    pub(super) rule: Rule,
    pub(super) address: IpAddr,
    /// Interface of a link-local address; 0 for any other.
    pub(super) scope: u32,
    pub(super) tcp: Vec<u16>,
    /// Whether a DNS question is sent to UDP port 53.
    pub(super) dns: bool,
}

impl Target {
    fn new(id: &'static str, rule: Rule, address: impl Into<IpAddr>, tcp: &[u16], dns: bool) -> Self {
        Self { id, rule, address: address.into(), scope: 0, tcp: tcp.to_vec(), dns }
    }

    /// The socket address of a port.
    pub(super) fn at(&self, port: u16) -> SocketAddr {
        match self.address {
            IpAddr::V4(address) => SocketAddrV4::new(address, port).into(),
            IpAddr::V6(address) => SocketAddrV6::new(address, port, 0, self.scope).into(),
        }
    }

    /// The target for people: address, protocol and ports.
    pub(super) fn label(&self) -> String {
        let ports: Vec<String> = self.tcp.iter().map(u16::to_string).collect();
        let tcp = (!ports.is_empty()).then(|| format!("tcp {}", ports.join(",")));
        let udp = self.dns.then(|| "udp 53".to_owned());
        let tried: Vec<String> = tcp.into_iter().chain(udp).collect();
        let scope = if self.scope == 0 { String::new() } else { format!("%{}", self.scope) };
        format!("{}{scope} {}", self.address, tried.join(" "))
    }
}

/// Engine-provided resolver of user-defined networks.
const EMBEDDED_RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
/// Instance metadata of cloud hosts: credentials for whoever asks.
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// Ports that a host is likely to listen on: ssh, DNS, web, the engine's own API.
const HOST_PORTS: [u16; 5] = [22, 53, 80, 443, 2375];
/// A public address that answers everywhere, over IPv6.
const PUBLIC_V6: Ipv6Addr = Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111);

/// Everything to try for this request in a sandbox with these files.
pub(super) fn targets(request: &ProbeRequest, files: &Files) -> Vec<Target> {
    let mut list = vec![Target::new("guardian", Rule::Reachable, request.guardian, &[request.guardian_port], false)];
    for address in request.forbidden.iter().filter(|address| !address.is_loopback()) {
        list.extend(forbidden(*address, request, &files.interfaces));
    }
    list.push(Target::new("internet", Rule::Silent, Ipv4Addr::new(1, 1, 1, 1), &[53, 443, 853], true));
    list.push(Target::new("internet", Rule::Silent, Ipv4Addr::new(8, 8, 8, 8), &[53, 443], true));
    list.push(Target::new("metadata", Rule::Silent, METADATA, &[80], false));
    list.push(Target::new("dns-embedded", Rule::Unresolving, EMBEDDED_RESOLVER, &[], true));
    for address in files.nameservers.iter().filter(|address| **address != EMBEDDED_RESOLVER) {
        let rule = if address.is_loopback() { Rule::Unresolving } else { Rule::Silent };
        list.push(Target::new("dns-resolver", rule, *address, &[], true));
    }
    list.push(Target::new("ipv6", Rule::Silent, PUBLIC_V6, &[443], true));
    for scope in &files.interfaces {
        let any_neighbour = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let target = Target::new("ipv6-link-local", Rule::Unroutable, any_neighbour, &[], true);
        list.push(Target { scope: *scope, ..target });
    }
    list
}

fn forbidden(address: IpAddr, request: &ProbeRequest, interfaces: &[u32]) -> Vec<Target> {
    let canary = (request.canary_port != 0).then_some(request.canary_port);
    let ports: Vec<u16> = canary.into_iter().chain(HOST_PORTS).collect();
    let id = if is_gateway(address, request.guardian) { "gateway" } else { "host-address" };
    let target = Target::new(id, Rule::Silent, address, &ports, true);
    match address {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            interfaces.iter().map(|scope| Target { scope: *scope, ..target.clone() }).collect()
        }
        _ => vec![target],
    }
}

/// The gateway is the address before the guardian's: .1 and .2 of the sandbox's own subnet.
fn is_gateway(address: IpAddr, guardian: Ipv4Addr) -> bool {
    let IpAddr::V4(address) = address else { return false };
    u32::from(guardian).checked_sub(1) == Some(u32::from(address))
}

#[cfg(test)]
mod tests;
