//! Every limit is there, and none is above the policy's cap.

use super::{Check, Scope, words};
use crate::plan::model::Container;
use crate::policy::Policy;

/// Names of resource limits that the engine knows, without those that [`crate::plan::model::Limits`] has fields for.
const NAMES: [&str; 14] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

pub(super) fn check(container: &Container, policy: &Policy, report: &mut Scope<'_>) {
    let (limits, caps) = (&container.limits, &policy.limits);
    let whole = [
        ("pids", limits.pids, caps.pids),
        ("memoryBytes", limits.memory_bytes, caps.memory),
        ("nofile", limits.nofile, caps.nofile),
        ("shmBytes", limits.shm_bytes, caps.shm),
    ];
    for (name, limit, cap) in whole {
        report.require((1..=cap).contains(&limit), Check::Limits, format!("/limits/{name}"), limit);
    }
    let cpus = limits.cpus > 0.0 && limits.cpus <= caps.cpus;
    report.require(cpus, Check::Limits, "/limits/cpus", limits.cpus);
    for (name, [soft, hard]) in &limits.ulimits {
        let known = NAMES.contains(&name.as_str()) && soft <= hard;
        report.require(known, Check::Limits, format!("/limits/ulimits/{}", words::step(name)), (soft, hard));
    }
    let core = limits.ulimits.get("core");
    report.require(core == Some(&[0, 0]), Check::Limits, "/limits/ulimits/core", core);
}
