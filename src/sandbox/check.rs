#![expect(clippy::disallowed_methods, reason = "adapter: reads the sandbox's environment and network")]
//! The self-check from inside: is this process sealed? The same attempts as the probe, without anybody's request.
//!
//! Invariant: it asks the environment of the sandbox, which the agent can change. It is for the person who wants to
//! see, never a proof: that is the probe, which runs before the agent does.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use std::{env, fs};

use rustix::process::{getgid, getuid};

use super::probe::{self, attempt, facts};
use super::protocol::{Attempt, ProbeReport, ProbeRequest};

mod guardian;
mod proxy;

pub use proxy::{Proxy, ProxyError};

/// Largest network of which every address is tried.
const SMALL_NETWORK: u32 = 64;
/// Docker's own bridge, where services of the host often listen.
const DEFAULT_BRIDGE: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);
/// Names that engines give to the host.
const HOST_NAMES: [&str; 3] = ["host.docker.internal", "gateway.docker.internal", "host.containers.internal"];

/// Tries everything and reports. Blocks for a few seconds at most.
#[must_use]
pub fn run() -> ProbeReport {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let proxy = ["HTTPS_PROXY", "https_proxy"].into_iter().find_map(|name| env::var(name).ok());
    match Proxy::parse(proxy.as_deref().unwrap_or_default(), &hosts) {
        Ok(proxy) => with_proxy(&proxy, &hosts),
        Err(error) => {
            let seen = format!("{error}: this is not a sandbox of cloister, or its environment was changed");
            probe::report(vec![attempt("guardian", "the proxy in HTTPS_PROXY", false, seen)], Duration::ZERO)
        }
    }
}

fn with_proxy(proxy: &Proxy, hosts: &str) -> ProbeReport {
    let request = ProbeRequest {
        guardian: proxy.address,
        guardian_port: proxy.port,
        forbidden: forbidden(proxy.address, hosts),
        canary_port: 0,
        nonce: "self-check".to_owned(),
        user: format!("{}:{}", getuid().as_raw(), getgid().as_raw()),
        capabilities: 0,
        mounts: Vec::new(),
    };
    let mut answers = guardian::attempts(proxy);
    let report = probe::run(&request);
    let duration = Duration::from_micros(report.microseconds);
    answers.extend(report.attempts);
    probe::report(answers, duration)
}

/// The gateway and every other address of this sandbox's network, and what the engine calls the host.
fn forbidden(guardian: Ipv4Addr, hosts: &str) -> Vec<IpAddr> {
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let own = own_address(guardian);
    let mut found = BTreeSet::from([IpAddr::V4(DEFAULT_BRIDGE)]);
    for (network, mask) in facts::on_link(&routes) {
        found.extend(neighbours(network, mask).into_iter().map(IpAddr::V4));
    }
    found.extend(HOST_NAMES.iter().filter_map(|name| proxy::lookup(hosts, name)).map(IpAddr::V4));
    found.remove(&IpAddr::V4(guardian));
    found.into_iter().filter(|address| Some(*address) != own).collect()
}

/// The usable addresses of a small network; of a larger one the first.
fn neighbours(network: Ipv4Addr, mask: Ipv4Addr) -> Vec<Ipv4Addr> {
    let first = u32::from(network);
    let size = !u32::from(mask);
    let last = if size < SMALL_NETWORK { size } else { 2 };
    (1..last).filter_map(|offset| first.checked_add(offset)).map(Ipv4Addr::from).collect()
}

/// The address that this sandbox uses towards the guardian; connecting a datagram socket sends nothing.
fn own_address(guardian: Ipv4Addr) -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((guardian, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

/// The report as a table for people: what is open comes first.
#[must_use]
pub fn table(report: &ProbeReport) -> String {
    let width = report.attempts.iter().map(|one| one.id.len()).max().unwrap_or_default();
    let line = |one: &Attempt| {
        let mark = if one.closed { "ok  " } else { "OPEN" };
        format!("{mark}  {:width$}  {}: {}\n", one.id, one.target, one.seen)
    };
    let (closed, open): (Vec<&Attempt>, Vec<&Attempt>) = report.attempts.iter().partition(|one| one.closed);
    let lines: String = open.iter().chain(&closed).map(|one| line(one)).collect();
    let verdict = match open.len() {
        0 => format!("sealed: {} attempts, nothing but the guardian can be reached", closed.len()),
        count => format!("not sealed: {count} of {} attempts found something open", report.attempts.len()),
    };
    format!("{lines}\n{verdict}\n")
}

#[cfg(test)]
mod tests;
