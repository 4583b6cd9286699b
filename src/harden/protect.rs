//! What host tools execute or trust in the workspace: `.git` is a mount of its own, with copies of cloister's over what
//! git runs; the settings of editors and agents are read-only (SEC-52 to SEC-58).
//!
//! Read-only names are bound from the workspace itself, not copied: each lies directly below the mounted folder, where a
//! mounted name can be neither renamed nor removed from inside, it is opened without links and compared by device and
//! inode before anything runs, and no agent runs while it is opened. What git runs is copied all the same, because an
//! agent may write everything around it.

use std::path::Path;

use super::draft::{Context, Draft, Place};
use crate::facts::Entry;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{FILES, GIT_COVERS, Mount, MountKind};
use crate::source::Origin;

/// Folders that are read-only, whether they are there or not: an absent one is made for as long as the sandbox lives.
pub const FOLDERS: [&str; 6] = [".claude", ".cursor", ".devcontainer", ".husky", ".idea", ".vscode"];
/// Files that are read-only where they are there: an empty one would mean something to the tools that read it.
pub const FILES_THERE: [&str; 2] = [".devcontainer.json", ".mcp.json"];
/// The repository.
pub const GIT: &str = ".git";

/// Returns the paths below a mounted folder that the plan of a workspace depends on.
pub fn paths() -> impl Iterator<Item = String> {
    let names = FOLDERS.iter().chain(&FILES_THERE).map(|name| (*name).to_owned());
    names.chain([GIT.to_owned()]).chain(GIT_COVERS.iter().map(|name| format!("{GIT}/{name}")))
}

/// Adds the mounts that protect the workspace.
pub(super) fn take(draft: &mut Draft, context: &Context<'_>, place: &Place) {
    let Some(source) = &place.source else { return };
    let guard = Guard { context, root: Path::new(source), target: &place.target };
    for name in FOLDERS {
        guard.read_only(draft, name, true);
    }
    for name in FILES_THERE {
        guard.read_only(draft, name, false);
    }
    match guard.entry(GIT) {
        None => {}
        Some(Entry::Folder) => guard.repository(draft),
        Some(_) => guard.pointer(draft),
    }
    draft.targets.extend(draft.protected.iter().map(|mount| mount.target.clone()));
}

struct Guard<'a> {
    context: &'a Context<'a>,
    root: &'a Path,
    target: &'a str,
}

impl Guard<'_> {
    fn entry(&self, name: &str) -> Option<Entry> {
        self.context.facts.host.entries.get(&self.root.join(name)).copied()
    }

    fn source(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    fn mount(&self, draft: &mut Draft, name: &str, source: String, readonly: bool) {
        let target = format!("{}/{name}", self.target.trim_end_matches('/'));
        draft.protected.push(Mount { kind: MountKind::Bind, source, target, readonly, size_bytes: None });
    }

    fn read_only(&self, draft: &mut Draft, name: &str, always: bool) {
        match self.entry(name) {
            Some(Entry::Link | Entry::Other) => self.refuse(draft, name),
            None if !always => {}
            _ => self.mount(draft, name, self.source(name), true),
        }
    }

    /// `.git` as a mount, so that it cannot be renamed, and in it what git would run or follow.
    fn repository(&self, draft: &mut Draft) {
        self.mount(draft, GIT, self.source(GIT), false);
        for name in GIT_COVERS {
            let path = format!("{GIT}/{name}");
            let wanted = if name == "hooks" { Entry::Folder } else { Entry::File };
            match self.entry(&path) {
                Some(found) if found != wanted => self.refuse(draft, &path),
                _ => self.mount(draft, &path, format!("{FILES}/git/{name}"), true),
            }
        }
    }

    /// `.git` as a file: where it leads is not mounted (SEC-58), and it stays as it is.
    fn pointer(&self, draft: &mut Draft) {
        self.read_only(draft, GIT, false);
        if self.entry(GIT) == Some(Entry::File) {
            let reason = "a worktree or submodule, whose repository lies elsewhere and is not mounted: git does not work \
                          inside";
            draft.findings.push(
                Finding::new(
                    Code::WorkspaceMount,
                    Severity::Low,
                    Action::Removed,
                    &Origin::default(),
                    self.source(GIT),
                    reason,
                )
                .help("open the main checkout, or a clone: git clone . ../copy"),
            );
        }
    }

    fn refuse(&self, draft: &mut Draft, name: &str) {
        let (what, help) = match self.entry(name) {
            Some(Entry::Link) => ("a link", "put what it leads to in its place"),
            _ => ("not what belongs there", "look at it with ls -la, and move it away"),
        };
        let reason =
            format!("`{name}` is {what}: it cannot be kept read-only for the tools of your machine that trust it");
        draft.findings.push(
            Finding::new(
                Code::MountSymlink,
                Severity::High,
                Action::Refused,
                &Origin::default(),
                self.source(name),
                reason,
            )
            .help(help),
        );
    }
}
