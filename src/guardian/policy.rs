//! The policy of one sandbox, ready to be asked: what came over the wire, parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::protocol::WirePolicy;
use crate::policy::host::{Host, HostError};
use crate::policy::rule::{Rule, RuleError};
use crate::policy::rules::{Effect, RuleSet};

/// What a sandbox may reach. The default reaches nothing.
#[derive(Debug, Clone, Default)]
pub struct SandboxPolicy {
    /// Rules.
    pub rules: RuleSet,
    /// Networks exempt from address vetting.
    pub permit_addresses: Vec<IpNet>,
    /// Names with addresses of their own.
    pub hosts: BTreeMap<Host, IpAddr>,
    /// The host's own addresses.
    pub host_addresses: BTreeSet<IpAddr>,
}

/// Why a policy is refused as a whole: a part that is not understood is never skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A rule is none.
    #[error("cannot read the rule {text:?}")]
    Rule {
        /// The text.
        text: String,
        /// Why.
        #[source]
        source: RuleError,
    },
    /// A name in `hosts` is none.
    #[error("cannot read the host name {text:?}")]
    Host {
        /// The text.
        text: String,
        /// Why.
        #[source]
        source: HostError,
    },
}

impl SandboxPolicy {
    /// Returns the policy that the wire form stands for.
    pub fn compile(wire: &WirePolicy) -> Result<Self, PolicyError> {
        let WirePolicy { allow, deny, permit_addresses, hosts, host_addresses } = wire;
        let mut rules = RuleSet::with_capacity(allow.len() + deny.len());
        for text in allow {
            rules.insert(&Rule::parse(text).map_err(|source| unreadable(text, source))?, Effect::Allow);
        }
        for text in deny {
            rules.insert(&Rule::parse_deny(text).map_err(|source| unreadable(text, source))?, Effect::Deny);
        }
        let host = |(text, address): (&String, &IpAddr)| match Host::parse(text) {
            Ok(host) => Ok((host, *address)),
            Err(source) => Err(PolicyError::Host { text: text.clone(), source }),
        };
        Ok(Self {
            rules,
            permit_addresses: permit_addresses.clone(),
            hosts: hosts.iter().map(host).collect::<Result<_, _>>()?,
            host_addresses: host_addresses.iter().map(IpAddr::to_canonical).collect(),
        })
    }
}

fn unreadable(text: &str, source: RuleError) -> PolicyError {
    PolicyError::Rule { text: text.to_owned(), source }
}
