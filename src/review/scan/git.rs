//! Repositories: what git on the host runs or follows in them.

use std::path::Path;

use rustix::fs::{FileType, Stat};

use super::{Kind, Scan, changed};
use crate::host::beneath::kind;

/// What git runs or follows, besides hooks (githooks(5), gitrepository-layout(5)).
const FILES: [&str; 7] = [
    "commondir",
    "config",
    "config.worktree",
    "info/attributes",
    "info/exclude",
    "objects/info/alternates",
    // `exec` in it runs at `git rebase --continue`.
    "rebase-merge/git-rebase-todo",
];
/// Folders of what it runs, and of remotes in their old form.
const FOLDERS: [&str; 3] = ["branches", "hooks", "remotes"];
/// Folders of further repositories in one: those of submodules, whose names may have several parts, and of worktrees.
const INNER: [&str; 2] = ["modules", "worktrees"];
/// A submodule's submodule's …: deeper ones are said not to have been seen.
const DEEPEST: usize = 12;

impl Scan {
    /// What is named `.git`: a repository, or a pointer to one.
    pub(super) fn pointer(&mut self, path: &Path, status: &Stat) {
        if kind(status) == FileType::Directory {
            self.repository(path);
        } else {
            self.marked(path, status, Kind::Repository);
        }
    }

    /// A repository, with those in it.
    pub(super) fn repository(&mut self, path: &Path) {
        self.mark(path, Kind::Repository, "folder".to_owned(), self.age(path));
        self.administration(path, 0);
    }

    fn age(&self, path: &Path) -> i64 {
        self.root.status(path).ok().flatten().map_or(0, |status| changed(&status))
    }

    fn administration(&mut self, path: &Path, depth: usize) {
        for name in FILES {
            // Every worktree says so of the repository that it lies in.
            let usual = name == "commondir" && depth > 0 && self.is_usual(&path.join(name));
            if !usual {
                self.git(&path.join(name));
            }
        }
        for name in FOLDERS {
            self.folder(&path.join(name));
        }
        for inner in INNER {
            self.inner(&path.join(inner), depth + 1);
        }
    }

    fn is_usual(&self, commondir: &Path) -> bool {
        matches!(self.root.read(commondir, 16), Ok(Some(text)) if text == b"../..\n")
    }

    fn git(&mut self, path: &Path) {
        if let Ok(Some(status)) = self.root.status(path) {
            self.marked(path, &status, Kind::Git);
        }
    }

    fn folder(&mut self, folder: &Path) {
        match self.root.status(folder) {
            Ok(Some(status)) if kind(&status) == FileType::Directory => {
                let names = self.names(folder).unwrap_or_default();
                for (name, status) in &names {
                    // What git itself puts there as examples runs only under another name.
                    if !name.to_string_lossy().ends_with(".sample") {
                        self.marked(&folder.join(name), status, Kind::Git);
                    }
                }
                self.release(names);
            }
            Ok(Some(status)) => self.marked(folder, &status, Kind::Git),
            _ => {}
        }
    }

    /// A folder of repositories: each has a `HEAD`, what has none may hold more of them.
    fn inner(&mut self, folder: &Path, depth: usize) {
        let Ok(Some(status)) = self.root.status(folder) else { return };
        if kind(&status) != FileType::Directory {
            return self.marked(folder, &status, Kind::Git);
        }
        let names = self.names(folder).unwrap_or_default();
        for (name, _) in names.iter().filter(|(_, status)| kind(status) == FileType::Directory) {
            let path = folder.join(name);
            if depth > DEEPEST {
                self.mark(&path, Kind::Unseen, String::new(), 0);
            } else if matches!(self.root.status(&path.join("HEAD")), Ok(Some(_))) {
                self.administration(&path, depth);
            } else {
                self.inner(&path, depth + 1);
            }
        }
        self.release(names);
    }
}
