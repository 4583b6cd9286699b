//! Which addresses may be dialled. Every address that a name leads to is judged; only what passes is in the permit.
//!
//! Invariant: pure, and the only place that makes a [`Permit`].

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};

use crate::policy::ranges;

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
    /// A range that is not the public internet, and that the user may permit; the text says which.
    #[error("{0}")]
    Range(&'static str),
    /// A range that nothing opens; the text says which.
    #[error("{0}")]
    Closed(&'static str),
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
/// A permitted network exempts from the private ranges, and, if it is a single address, from being one of this machine's.
/// What is never meant by accident (loopback, link-local, metadata services, tunnels to IPv4) stays closed, and so do the
/// networks of sandboxes.
pub fn judge(address: IpAddr, vetting: Vetting<'_>) -> Result<(), Forbidden> {
    let permitting = || vetting.permitted.iter().filter(|network| network.contains(&address));
    if let Some(forbidden) = closed(address, vetting.sandboxes) {
        return Err(forbidden);
    }
    if vetting.host.contains(&address.to_canonical())
        && !permitting().any(|network| network.prefix_len() == network.max_prefix_len())
    {
        return Err(Forbidden::Host);
    }
    if let Some(range) = ranges::of(address).next()
        && permitting().next().is_none()
    {
        return Err(Forbidden::Range(range.name));
    }
    Ok(())
}

/// Returns why no policy opens an address; `None` where one may.
pub fn closed(address: IpAddr, sandboxes: &[Ipv4Net]) -> Option<Forbidden> {
    let canonical = address.to_canonical();
    if let IpAddr::V4(inner) = canonical
        && sandboxes.iter().any(|network| network.contains(&inner))
    {
        return Some(Forbidden::Sandbox);
    }
    ranges::of(address).find(|range| range.closed).map(|range| Forbidden::Closed(range.name))
}

#[cfg(test)]
mod tests;
