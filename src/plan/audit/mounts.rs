//! Where mounts come from, where they go, and what they may not cover.

use std::collections::BTreeSet;

use super::{Check, Scope, words};
use crate::plan::Plan;
use crate::plan::model::{AUTO, Container, Mount, MountKind};

/// What nobody but cloister and the engine may mount on, below or above.
const RESERVED: [&str; 9] = [
    "/proc",
    "/sys",
    "/dev",
    "/run/cloister",
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
];

pub(super) fn check(plan: &Plan, container: &Container, report: &mut Scope<'_>) {
    let mut targets = BTreeSet::new();
    for (index, mount) in container.mounts.iter().enumerate() {
        let place = format!("/mounts/{index}");
        report.require(targets.insert(&mount.target), Check::MountTarget, format!("{place}/target"), &mount.target);
        report.require(is_own_form(mount), Check::MountTarget, format!("{place}/target"), &mount.target);
        if let Some((target, readonly)) = words::own_mount(&mount.source, &container.home) {
            check_own(mount, target, readonly, &place, report);
        } else {
            check_foreign(plan, container, mount, &place, report);
        }
    }
    check_workspace(plan, container, report);
}

fn is_own_form(mount: &Mount) -> bool {
    (words::is_normal_path(&mount.target) || mount.target == AUTO) && !words::has_placeholder(&mount.target)
}

fn check_own(mount: &Mount, target: &str, readonly: bool, place: &str, report: &mut Scope<'_>) {
    let bind = mount.kind == MountKind::Bind;
    report.require(bind, Check::MountSource, format!("{place}/type"), mount.kind);
    report.require(mount.target == target, Check::MountTarget, format!("{place}/target"), &mount.target);
    report.require(mount.readonly || !readonly, Check::MountReadOnly, format!("{place}/readonly"), mount.readonly);
}

fn check_foreign(plan: &Plan, container: &Container, mount: &Mount, place: &str, report: &mut Scope<'_>) {
    let source = mount.source.as_str();
    let known = match mount.kind {
        MountKind::Bind => plan.workspace.source.as_deref() == Some(source) && mount.target == plan.workspace.target,
        MountKind::Volume => is_own_volume(source, &container.name),
        MountKind::Tmpfs => source.is_empty(),
    };
    report.require(known, Check::MountSource, format!("{place}/source"), source);
    let sized = mount.size_bytes.is_none_or(|size| size > 0 && mount.kind == MountKind::Tmpfs);
    report.require(sized, Check::MountSource, format!("{place}/sizeBytes"), mount.size_bytes);
    let overlaps = |reserved: &&str| words::covers(reserved, &mount.target) || words::covers(&mount.target, reserved);
    let free = mount.target != AUTO && !RESERVED.iter().any(|reserved| overlaps(&reserved));
    report.require(free, Check::MountTarget, format!("{place}/target"), &mount.target);
}

fn is_own_volume(volume: &str, container: &str) -> bool {
    let name = volume.strip_prefix(container).and_then(|rest| rest.strip_prefix('-')).unwrap_or("");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}

fn check_workspace(plan: &Plan, container: &Container, report: &mut Scope<'_>) {
    let is_workspace = |mount: &&Mount| {
        mount.kind == MountKind::Bind && Some(mount.source.as_str()) == plan.workspace.source.as_deref()
    };
    let count = container.mounts.iter().filter(is_workspace).count();
    let wanted = usize::from(plan.workspace.source.is_some());
    report.require(count == wanted, Check::WorkspaceMount, "/mounts", count);
}
