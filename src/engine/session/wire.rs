//! A policy as the guardian reads it.

use super::SessionError;
use crate::guardian::protocol::WirePolicy;
use crate::host::addresses;
use crate::policy::Policy;

/// Returns the policy as the guardian reads it, with the machine's addresses of this moment.
///
/// # Errors
/// The machine's addresses cannot be read.
pub fn wire(policy: &Policy) -> Result<WirePolicy, SessionError> {
    Ok(WirePolicy {
        allow: policy.egress.allow.iter().map(|rule| rule.as_str().to_owned()).collect(),
        deny: policy.egress.deny.iter().map(|rule| rule.as_str().to_owned()).collect(),
        permit_addresses: policy.network.permit_addresses.iter().copied().collect(),
        hosts: policy.network.hosts.iter().map(|(host, address)| (host.as_str().to_owned(), *address)).collect(),
        host_addresses: addresses::own()?.into_iter().collect(),
    })
}
