//! Which registries the engine may fetch the images of a build from: the large public ones, and what the user allows.
//!
//! The engine fetches from the host's own network (SEC-86), so that the guardian has no say. Invariant: a deny wins.

use super::Policy;
use super::host::Host;
use super::rule::Rule;
use super::rules::{Match, Place, RuleSet, Use};

/// Public registries; whoever wants fewer denies them in `config.json5`.
const PUBLIC: [&str; 8] = [
    "**.docker.io",
    "**.gcr.io",
    "**.ghcr.io",
    "**.mcr.microsoft.com",
    "**.public.ecr.aws",
    "**.quay.io",
    "**.registry.gitlab.com",
    "**.registry.k8s.io",
];
/// Port of a registry that names none.
const PORT: u16 = 443;

/// Tells whether the policy lists a registry, which is `HOST` or `HOST:PORT` as in an image's reference.
pub fn is_listed(policy: &Policy, registry: &str) -> bool {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (registry, Some(PORT)),
    };
    let place = host.parse().map(Place::Address).ok().or_else(|| Host::parse(host).map(Place::Name).ok());
    let (Some(place), Some(port)) = (place, port) else { return false };
    let public: Vec<Rule> = PUBLIC.iter().filter_map(|rule| Rule::parse(rule).ok()).collect();
    let rules = RuleSet::new(policy.egress.allow.iter().chain(&public), &policy.egress.deny);
    matches!(rules.find(&place, port, Use::Tunnel), Match::Allowed(_))
}

#[cfg(test)]
mod tests;
