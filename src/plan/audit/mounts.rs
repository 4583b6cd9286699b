//! Where mounts come from, where they go, and what they may not cover.

use std::collections::BTreeSet;

use super::{Check, Scope, words};
use crate::plan::Plan;
use crate::plan::model::{AUTO, Container, FILES, HOME, Mount, MountKind};
use crate::policy::Policy;
use crate::trust::Request;

/// What nobody but cloister and the engine may mount on, below or above.
const RESERVED: [&str; 10] = [
    "/proc",
    "/sys",
    "/dev",
    "/run/cloister",
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/profile",
];

/// What host tools execute or trust directly below the workspace: read-only in every sandbox.
const LOCKED: [&str; 6] = [".devcontainer", ".vscode", ".idea", ".husky", ".claude", ".cursor"];
/// The same for files, where they are there.
const LOCKED_FILES: [&str; 2] = [".mcp.json", ".devcontainer.json"];
/// What git on the host would run or follow: no agent writes it.
const GIT_COVERED: [&str; 4] = ["hooks", "config", "config.worktree", "commondir"];

/// What of the host no approval opens.
const NEVER_MOUNTED: [&str; 9] = ["/proc", "/sys", "/dev", "/run", "/etc", "/var", "/root", "/boot", "/usr"];
/// Names below which secrets lie.
const SECRET: [&str; 7] = [".ssh", ".aws", ".docker", ".gnupg", ".kube", ".config", ".local"];

pub(super) fn check(plan: &Plan, container: &Container, policy: &Policy, report: &mut Scope<'_>) {
    let mut targets = BTreeSet::new();
    let volumes = container.mounts.iter().filter(|mount| mount.kind == MountKind::Volume);
    let volumes: BTreeSet<&str> = volumes.map(|mount| mount.target.as_str()).collect();
    for (index, mount) in container.mounts.iter().enumerate() {
        let target = format!("/mounts/{index}/target");
        // An agent chooses the links of a volume, and a mount in it would follow them.
        let mut above = mount.target.match_indices('/').map(|(end, _)| &mount.target[..end]);
        report.require(!above.any(|folder| volumes.contains(folder)), Check::MountTarget, &target, &mount.target);
        report.require(targets.insert(&mount.target), Check::MountTarget, &target, &mount.target);
        match words::own_target(&mount.source, &plan.workspace.target) {
            Some(own) => check_own(mount, &own, index, report),
            None => check_foreign((plan, policy), container, mount, index, report),
        }
    }
    check_workspace(plan, container, report);
    check_protection(plan, container, report);
}

/// Programs and files of cloister: bound read-only, each to its one place.
fn check_own(mount: &Mount, target: &str, index: usize, report: &mut Scope<'_>) {
    let bind = mount.kind == MountKind::Bind && mount.size_bytes.is_none();
    report.require(bind, Check::MountSource, format!("/mounts/{index}/type"), mount.kind);
    report.require(mount.target == target, Check::MountTarget, format!("/mounts/{index}/target"), &mount.target);
    report.require(mount.readonly, Check::MountReadOnly, format!("/mounts/{index}/readonly"), mount.readonly);
}

/// Everything else: the workspace, the home folder, this sandbox's volumes, memory, and what was approved.
fn check_foreign(
    (plan, policy): (&Plan, &Policy),
    container: &Container,
    mount: &Mount,
    index: usize,
    report: &mut Scope<'_>,
) {
    let (source, target) = (mount.source.as_str(), mount.target.as_str());
    let known = match mount.kind {
        MountKind::Bind if source == HOME => target == container.home,
        MountKind::Bind => {
            let workspace = &plan.workspace;
            let is_in = |name: &str, root: &str| {
                source == words::below(root, name) && target == words::below(&workspace.target, name)
            };
            workspace.source.as_deref().is_some_and(|root| {
                let git = is_in(".git", root);
                let locked = mount.readonly && LOCKED.into_iter().chain(LOCKED_FILES).any(|name| is_in(name, root));
                source == root && target == workspace.target || git || locked
            }) || is_approved(plan, policy, mount)
        }
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

/// A path of the host that was approved, and that could be.
fn is_approved(plan: &Plan, policy: &Policy, mount: &Mount) -> bool {
    let Mount { source, target, readonly, .. } = mount;
    let workspace = plan.workspace.source.iter().chain(plan.workspace.clone.iter().map(|clone| &clone.repository));
    let apart = workspace.into_iter().all(|root| !words::covers(root, source) && !words::covers(source, root));
    let never = NEVER_MOUNTED.iter().any(|root| words::covers(root, source))
        || source.split('/').any(|name| SECRET.contains(&name) || name.ends_with(".sock"));
    let approved = policy.approvals.contains(&Request::mount(source, target).digest);
    *readonly && approved && apart && !never && source.len() > 1 && words::is_normal_path(source)
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
    check_clone(plan, container, report);
}

/// The volume of a clone is where the plan says and nowhere else, and no folder of the host is in its place.
fn check_clone(plan: &Plan, container: &Container, report: &mut Scope<'_>) {
    let name = format!("{}-workspace-clone", container.name);
    let mounts = container.mounts.iter().filter(|mount| mount.kind == MountKind::Volume && mount.source == name);
    let targets: Vec<&str> = mounts.filter(|mount| !mount.readonly).map(|mount| mount.target.as_str()).collect();
    let as_planned = match &plan.workspace.clone {
        Some(clone) => {
            plan.workspace.source.is_none() && clone.volume == name && targets == [plan.workspace.target.as_str()]
        }
        None => targets.is_empty(),
    };
    report.require(as_planned, Check::WorkspaceMount, "/mounts", targets);
}

/// Host tools find in the workspace what was there before (SEC-53, SEC-55): read-only names, and a repository that is a
/// mount of its own, covered where git runs or follows something.
fn check_protection(plan: &Plan, container: &Container, report: &mut Scope<'_>) {
    if plan.workspace.source.is_none() {
        return;
    }
    let at = |name: &str| {
        let target = words::below(&plan.workspace.target, name);
        container.mounts.iter().find(|mount| mount.kind == MountKind::Bind && mount.target == target)
    };
    for name in LOCKED {
        let locked = at(name).is_some_and(|mount| mount.readonly);
        report.require(locked, Check::Protection, format!("/mounts/{name}"), at(name));
    }
    if at(".git").is_some_and(|mount| !mount.readonly) {
        for name in GIT_COVERED {
            let covered =
                at(&format!(".git/{name}")).is_some_and(|mount| mount.readonly && mount.source.starts_with(FILES));
            report.require(covered, Check::Protection, format!("/mounts/.git/{name}"), at(&format!(".git/{name}")));
        }
    }
    let guarded: Vec<&Mount> = container.mounts.iter().filter(|mount| is_guard(plan, mount)).collect();
    for (index, mount) in container.mounts.iter().enumerate().filter(|(_, mount)| !is_guard(plan, mount)) {
        let over = guarded.iter().any(|guard| words::covers(&guard.target, &mount.target));
        report.require(!over, Check::Protection, format!("/mounts/{index}/target"), &mount.target);
    }
}

fn is_guard(plan: &Plan, mount: &Mount) -> bool {
    let names = LOCKED.into_iter().chain(LOCKED_FILES).chain([".git"]).map(str::to_owned);
    let mut names = names.chain(GIT_COVERED.iter().map(|name| format!(".git/{name}")));
    mount.kind == MountKind::Bind && names.any(|name| words::below(&plan.workspace.target, &name) == mount.target)
}
