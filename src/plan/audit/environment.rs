//! Variables: possible names, the proxy in both spellings, and nothing passed that the user did not name.

use super::{Check, Report, Scope, words};
use crate::plan::Plan;
use crate::plan::model::Container;
use crate::policy::Policy;

/// Variables that lead tools to a proxy, in lower case; the first two must be there.
const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy"];
/// What may be reached without the proxy.
const LOOPBACK: [&str; 5] = ["localhost", "127.0.0.1", "::1", "[::1]", "127.0.0.0/8"];

pub(super) fn check(plan: &Plan, container: &Container, report: &mut Scope<'_>) {
    let url = plan.proxy.as_ref().map(|proxy| proxy.url.as_str());
    for (name, value) in &container.env {
        check_variable(name, Some(value), url, &format!("/env/{}", words::step(name)), report);
    }
    for (name, value) in &container.remote_env {
        check_variable(name, value.as_ref(), url, &format!("/remoteEnv/{}", words::step(name)), report);
    }
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] {
        report.require(container.env.contains_key(name), Check::ProxyEnvironment, format!("/env/{name}"), "nothing");
    }
}

pub(super) fn check_passed(plan: &Plan, policy: &Policy, report: &mut Report) {
    let mut scope = report.below("/passedEnv");
    for (index, name) in plan.passed_env.iter().enumerate() {
        let named = policy.env.pass.contains(name) && is_name(name) && !is_proxy(name);
        scope.require(named, Check::PassedVariable, format!("/{index}"), name);
    }
}

fn check_variable(name: &str, value: Option<&String>, url: Option<&str>, place: &str, report: &mut Scope<'_>) {
    let clean = is_name(name) && !value.is_some_and(|value| value.contains('\0'));
    report.require(clean, Check::EnvironmentName, place, (name, value));
    let foreign = words::has_placeholder(name) || value.is_some_and(|value| words::has_host_placeholder(value));
    report.require(!foreign, Check::Placeholder, place, value);
    if is_proxy(name) {
        let kept = match value {
            Some(value) if name.eq_ignore_ascii_case("no_proxy") => {
                value.split(',').all(|host| LOOPBACK.contains(&host.trim()))
            }
            value => value.map(String::as_str) == url && url.is_some(),
        };
        report.require(kept, Check::ProxyEnvironment, place, value);
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('=') && !name.contains(char::is_control)
}

fn is_proxy(name: &str) -> bool {
    PROXIES.contains(&name.to_ascii_lowercase().as_str())
}
