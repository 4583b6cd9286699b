//! What a container is called, what it claims to be, and what it is made from.

use std::net::IpAddr;

use super::{Check, Scope, words};
use crate::plan::Plan;
use crate::plan::model::{AUTO, Build, BuildNetwork, Container, GUARDIAN};
use crate::policy::Policy;
use crate::trust::AskedBuild;

/// Value of the label that holds the plan's digest, which the plan itself cannot know.
const DIGEST: &str = "${CLOISTER_DIGEST}";
/// Labels of the reference tool that editors look for.
const DEVCONTAINER_LABELS: [&str; 3] =
    ["devcontainer.local_folder", "devcontainer.config_file", "devcontainer.metadata"];

pub(super) fn check(plan: &Plan, container: &Container, policy: &Policy, report: &mut Scope<'_>) {
    let network = plan.network.as_ref().map(|network| network.name.as_str());
    let own = words::is_sandbox_name(&container.name) && network == Some(container.name.as_str());
    report.require(own, Check::Name, "/name", (&container.name, network));
    check_account(container, report);
    check_labels(container, report);
    check_hosts(container, report);
    match (&container.image, &container.build) {
        (Some(image), None) => {
            let plain = !image.is_empty() && !image.starts_with('-') && image.chars().all(|c| c.is_ascii_graphic());
            report.require(plain, Check::Image, "/image", image);
            report.require(!words::has_placeholder(image), Check::Placeholder, "/image", image);
        }
        (None, Some(build)) => check_build(build, policy, report),
        both => report.require(false, Check::Image, "/image", both),
    }
}

fn check_account(container: &Container, report: &mut Scope<'_>) {
    let name = &container.user_name;
    let odd = |character: char| character.is_control() || character.is_whitespace() || ":/,\\".contains(character);
    let plausible = !name.is_empty() && !name.starts_with('-') && !name.contains(odd);
    report.require(plausible, Check::Account, "/userName", name);
    let home = container.home == AUTO || words::is_normal_path(&container.home) && !container.home.contains(':');
    report.require(home, Check::Account, "/home", &container.home);
    report.require(!words::has_placeholder(&container.home), Check::Placeholder, "/home", &container.home);
}

fn check_labels(container: &Container, report: &mut Scope<'_>) {
    for (name, value) in &container.labels {
        let known = name.starts_with("cloister.") || DEVCONTAINER_LABELS.contains(&name.as_str());
        let sandbox = name != "cloister.sandbox" || container.name.strip_prefix("cloister-") == Some(value.as_str());
        let place = format!("/labels/{}", words::step(name));
        report.require(known && sandbox, Check::Labels, &place, value);
        let filled = name == "cloister.digest" && value == DIGEST;
        report.require(filled || !words::has_placeholder(value), Check::Placeholder, &place, value);
    }
}

/// Names that mean the guardian or the host to somebody inside.
fn is_imitation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("cloister-guardian") || name.ends_with("docker.internal") || name == "localhost"
}

fn check_hosts(container: &Container, report: &mut Scope<'_>) {
    let is_name = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        (1..=253).contains(&name.len()) && !name.starts_with(['-', '.']) && name.bytes().all(plain)
    };
    let hostname = container.hostname.as_str();
    let plain = is_name(hostname) && hostname.len() <= 63 && !is_imitation(hostname);
    report.require(plain, Check::HostName, "/hostname", hostname);
    for (name, address) in &container.extra_hosts {
        let fits = address == GUARDIAN || address.parse::<IpAddr>().is_ok() && !is_imitation(name);
        let place = format!("/extraHosts/{}", words::step(name));
        report.require(is_name(name) && fits, Check::HostName, place, address);
    }
}

fn check_build(build: &Build, policy: &Policy, report: &mut Scope<'_>) {
    let Build { digest, args, target, network, buildkit, approved, .. } = build;
    let buildkit_network = buildkit.then_some(*network);
    let asked = AskedBuild { dockerfile: digest, args, target: target.as_deref(), buildkit: buildkit_network };
    let is_approved = *approved && policy.approvals.contains(&asked.digest());
    report.require(is_approved || !(*approved || *buildkit), Check::Approval, "/build/approved", approved);
    let fits = match network {
        BuildNetwork::Guardian => !buildkit,
        BuildNetwork::None => true,
        BuildNetwork::Engine | BuildNetwork::Host => *buildkit && is_approved,
    };
    report.require(fits, Check::Image, "/build/network", network);
    // BuildKit takes a program to run from one of these.
    let steers = args.keys().find(|name| name.to_ascii_uppercase().starts_with("BUILDKIT_"));
    report.require(steers.is_none(), Check::Image, "/build/args", steers);
    let digest = build.digest.strip_prefix("sha256:").unwrap_or_default();
    let whole = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    report.require(whole, Check::Image, "/build/digest", &build.digest);
    for (place, path) in [("/build/dockerfile", &build.dockerfile), ("/build/context", &build.context)] {
        let climbs = path.split('/').any(|part| part == "..");
        let inside = !path.is_empty() && !path.starts_with(['/', '-']) && !climbs && !path.contains(char::is_control);
        report.require(inside, Check::Image, place, path);
        report.require(!path.contains("://"), Check::Image, place, path);
    }
    let values = build.args.values().chain(&build.target).chain(&build.cache_from);
    for value in values {
        report.require(!words::has_placeholder(value), Check::Placeholder, "/build", value);
    }
}
