//! Where mounts come from, where they go, and what they may not cover.

use std::collections::BTreeSet;

use super::{Check, Scope, words};
use crate::plan::Plan;
use crate::plan::model::{AUTO, Container, HOME, Mount, MountKind};

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
    let volumes = container.mounts.iter().filter(|mount| mount.kind == MountKind::Volume);
    let volumes: BTreeSet<&str> = volumes.map(|mount| mount.target.as_str()).collect();
    for (index, mount) in container.mounts.iter().enumerate() {
        let target = format!("/mounts/{index}/target");
        // An agent chooses the links of a volume, and a mount in it would follow them.
        let mut above = mount.target.match_indices('/').map(|(end, _)| &mount.target[..end]);
        report.require(!above.any(|folder| volumes.contains(folder)), Check::MountTarget, &target, &mount.target);
        report.require(targets.insert(&mount.target), Check::MountTarget, &target, &mount.target);
        match words::own_target(&mount.source) {
            Some(own) => check_own(mount, own, index, report),
            None => check_foreign(plan, container, mount, index, report),
        }
    }
    check_workspace(plan, container, report);
}

/// Programs and files of cloister: bound read-only, each to its one place.
fn check_own(mount: &Mount, target: &str, index: usize, report: &mut Scope<'_>) {
    let bind = mount.kind == MountKind::Bind && mount.size_bytes.is_none();
    report.require(bind, Check::MountSource, format!("/mounts/{index}/type"), mount.kind);
    report.require(mount.target == target, Check::MountTarget, format!("/mounts/{index}/target"), &mount.target);
    report.require(mount.readonly, Check::MountReadOnly, format!("/mounts/{index}/readonly"), mount.readonly);
}

/// Everything else: the workspace, the home folder, this sandbox's volumes, memory.
fn check_foreign(plan: &Plan, container: &Container, mount: &Mount, index: usize, report: &mut Scope<'_>) {
    let (source, target) = (mount.source.as_str(), mount.target.as_str());
    let known = match mount.kind {
        MountKind::Bind if source == HOME => target == container.home,
        MountKind::Bind => plan.workspace.source.as_deref() == Some(source) && target == plan.workspace.target,
        MountKind::Volume => is_own_volume(source, &container.name),
        MountKind::Tmpfs => source.is_empty(),
    };
    report.require(known, Check::MountSource, format!("/mounts/{index}/source"), source);
    let sized = mount.size_bytes.is_none_or(|size| size > 0 && mount.kind == MountKind::Tmpfs);
    report.require(sized, Check::MountSource, format!("/mounts/{index}/sizeBytes"), mount.size_bytes);
    let later = source == HOME && target == AUTO;
    let normal = words::is_normal_path(target) && !words::has_placeholder(target);
    let free = !RESERVED.iter().any(|reserved| words::covers(reserved, target) || words::covers(target, reserved));
    report.require(later || normal && free, Check::MountTarget, format!("/mounts/{index}/target"), target);
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
