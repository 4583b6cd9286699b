//! Which addresses a sandbox's network gets. Pure.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// Prefix length of a sandbox's network: 14 hosts, of which two are there.
const PREFIX: u8 = 28;

/// No network is left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no /{PREFIX} network is left in the address pool {pool}: {used} are taken by networks and routes")]
pub struct PoolError {
    pool: Ipv4Net,
    used: usize,
}

impl PoolError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(
            "stop sandboxes that you no longer need (`cloister list`, `cloister stop NAME`), or set another \
             `network.pool` in config.json5"
                .to_owned(),
        )
    }
}

/// Returns the first /28 of the pool that overlaps nothing that is used.
///
/// # Errors
/// There is none.
pub fn choose(pool: Ipv4Net, used: &[Ipv4Net]) -> Result<Ipv4Net, PoolError> {
    let overlaps = |a: &Ipv4Net, b: &Ipv4Net| a.contains(&b.network()) || b.contains(&a.network());
    let used: Vec<_> = used.iter().filter(|network| overlaps(&pool, network)).collect();
    let mut candidates = pool.subnets(PREFIX).ok().into_iter().flatten();
    candidates
        .find(|candidate| !used.iter().any(|network| overlaps(candidate, network)))
        .ok_or(PoolError { pool, used: used.len() })
}

/// Fixed places in a sandbox's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Places {
    /// Where a gateway would be; nobody has the address.
    pub gateway: Ipv4Addr,
    /// The guardian.
    pub guardian: Ipv4Addr,
    /// The sandbox.
    pub sandbox: Ipv4Addr,
}

impl Places {
    /// Returns the network that they are in.
    pub fn network(&self) -> Ipv4Net {
        Ipv4Net::new_assert(self.gateway, PREFIX).trunc()
    }
}

/// Returns the fixed places in a network that [`choose`] gave.
pub fn places(subnet: Ipv4Net) -> Places {
    let at = |offset| Ipv4Addr::from_bits(subnet.network().to_bits().saturating_add(offset));
    Places { gateway: at(1), guardian: at(2), sandbox: at(3) }
}

#[cfg(test)]
mod tests;
