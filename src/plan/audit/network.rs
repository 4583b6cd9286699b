//! The network and the guardian's part.

use std::collections::BTreeSet;

use super::{Check, Report, Scope, words};
use crate::plan::Plan;
use crate::plan::model::{AUTO, GUARDIAN, Network, Proxy, TOKEN};
use crate::policy::Policy;

pub(super) fn check(plan: &Plan, policy: &Policy, report: &mut Report) {
    if let Some(network) = &plan.network {
        check_network(network, &mut report.below("/network"));
    }
    if let Some(proxy) = &plan.proxy {
        check_proxy(proxy, policy, &mut report.below("/proxy"));
    }
}

fn check_network(network: &Network, report: &mut Scope<'_>) {
    report.require(words::is_sandbox_name(&network.name), Check::Name, "/name", &network.name);
    report.require(network.internal, Check::Network, "/internal", network.internal);
    report.require(network.subnet == AUTO, Check::Network, "/subnet", &network.subnet);
    report.require(network.dns == ["127.0.0.1"], Check::Network, "/dns", &network.dns);
}

fn check_proxy(proxy: &Proxy, policy: &Policy, report: &mut Scope<'_>) {
    let target = proxy.url.strip_prefix("http://").and_then(|rest| rest.split_once('@'));
    let is_port =
        |text: &str| words::number(text.trim_end_matches('/')).is_some_and(|port| (1..=65535).contains(&port));
    let guardian = target.is_some_and(|(token, host)| {
        let port = host.strip_prefix(GUARDIAN).and_then(|rest| rest.strip_prefix(':'));
        token.ends_with(TOKEN) && port.is_some_and(is_port)
    });
    report.require(guardian, Check::Proxy, "/url", &proxy.url);
    let listed = proxy.presets.iter().all(|preset| policy.egress.presets.contains(preset));
    report.require(listed, Check::Allowlist, "/presets", &proxy.presets);
    let allowed: BTreeSet<&str> = policy.egress.allow.iter().map(|rule| rule.as_str()).collect();
    let denied: BTreeSet<&str> = policy.egress.deny.iter().map(|rule| rule.as_str()).collect();
    for (index, rule) in proxy.allow.iter().enumerate() {
        report.require(allowed.contains(rule.as_str()), Check::Allowlist, format!("/allow/{index}"), rule);
    }
    let asked = proxy.asked.as_ref().is_none_or(|digest| policy.approvals.contains(digest));
    report.require(asked, Check::Allowlist, "/asked", &proxy.asked);
    report.require(proxy.allow.is_sorted_by(|one, two| one < two), Check::Allowlist, "/allow", &proxy.allow);
    report.require(proxy.deny.is_sorted_by(|one, two| one < two), Check::Allowlist, "/deny", &proxy.deny);
    let kept = denied.iter().all(|rule| proxy.deny.iter().any(|deny| deny == rule));
    report.require(kept, Check::Allowlist, "/deny", &proxy.deny);
}
