//! What the mounts in a workspace lie on: names that are made for as long as the sandbox lives, and a look at whether
//! somebody took the name away under a mount.
//!
//! The engine would make what is missing as root, and leave it (SEC-56). The kernel takes a mount away when its name is
//! removed or replaced from outside (rename(2) over `.git/config`): nobody inside can do that, the user's own git does.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::harden::protect;
use crate::harden::syntax::path::is_within;
use crate::host::beneath::{self, Root, kind};
use crate::plan::model::{Container, MountKind, Workspace};

/// The one file of a repository that may not be empty: git follows it, here to where it lies.
const POINTER: (&str, &[u8]) = (".git/commondir", b".\n");
/// Mode of a file that is made: the usual one.
const FILE_MODE: Mode = Mode::from_raw_mode(0o644);

/// A name below the workspace that something is mounted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Cover {
    /// The name, relative to the folder that is mounted.
    pub path: String,
    /// Whether it is made for the sandbox, and goes with it.
    pub made: bool,
    /// Inode and birth of what lay there when the sandbox started; `None` before that.
    pub identity: Option<[u64; 2]>,
}

/// Returns what a plan mounts on below its workspace, as far as that is not the repository's to keep: binds. What is
/// absent will be made; so will what `before` made, which goes first.
pub fn planned(container: &Container, workspace: &Workspace, before: &[Cover]) -> Vec<Cover> {
    let Some(root) = workspace.source.as_deref().and_then(|source| Root::open(Path::new(source)).ok()) else {
        return Vec::new();
    };
    let binds = container.mounts.iter().filter(|mount| mount.kind == MountKind::Bind);
    let paths = binds.filter(|mount| mount.target != workspace.target && is_within(&mount.target, &workspace.target));
    let paths = paths.map(|mount| mount.target[workspace.target.len()..].trim_start_matches('/'));
    // What has a meaning of its own is there, or the plan is out of date.
    let is_theirs = |path: &str| path == protect::GIT || protect::FILES_THERE.contains(&path);
    let made = |path: &str| {
        let again = before.iter().any(|cover| cover.made && cover.path == path && is_ours(&root, cover));
        !is_theirs(path) && (again || root.status(Path::new(path)).is_ok_and(|found| found.is_none()))
    };
    paths.map(|path| Cover { path: path.to_owned(), made: made(path), identity: None }).collect()
}

/// Makes what is missing, as the workspace's owner, and writes down what lies there.
///
/// # Errors
/// Something stands in the way, or cannot be looked at; with its path.
pub fn make(
    folder: &Path,
    covers: &mut [Cover],
    owner: (Option<Uid>, Option<Gid>),
) -> Result<(), (String, std::io::Error)> {
    if covers.is_empty() {
        return Ok(());
    }
    let root = Root::open(folder).map_err(|error| (String::new(), error.into()))?;
    for cover in covers {
        let path = Path::new(&cover.path);
        let failed = |error: Errno| (cover.path.clone(), error.into());
        if cover.made {
            let parent = root.parent(path).map_err(failed)?;
            match make_one(&parent, path, owner) {
                // Somebody else was faster: it is theirs.
                Err(Errno::EXIST) => cover.made = false,
                other => other.map_err(failed)?,
            }
        }
        cover.identity = Some(root.identity(path).map_err(failed)?.ok_or_else(|| failed(Errno::NOENT))?);
    }
    Ok(())
}

fn make_one(parent: &OwnedFd, path: &Path, (uid, gid): (Option<Uid>, Option<Gid>)) -> Result<(), Errno> {
    let name = path.file_name().unwrap_or_default();
    match contents(path) {
        None => beneath::make_folder(parent, name, (uid, gid)).map(|_folder| ()),
        Some(bytes) => {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = rustix::fs::openat(parent, name, flags, FILE_MODE)?;
            rustix::fs::fchown(&file, uid, gid)?;
            rustix::io::write(&file, bytes).map(|_count| ())
        }
    }
}

/// What a file that is made holds; `None` for a folder.
pub fn contents(path: &Path) -> Option<&'static [u8]> {
    let is_file = path.starts_with(".git") && !path.ends_with("hooks");
    is_file.then(|| if path == Path::new(POINTER.0) { POINTER.1 } else { b"" })
}

/// Removes what was made, if it is still as it was made. What cannot be removed is said, and stays.
pub fn remove(folder: &Path, covers: &[Cover]) {
    let Ok(root) = Root::open(folder) else { return };
    for cover in covers.iter().filter(|cover| cover.made && is_ours(&root, cover)) {
        let path = Path::new(&cover.path);
        let how = if contents(path).is_none() { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        let removed = root
            .parent(path)
            .and_then(|parent| rustix::fs::unlinkat(parent, path.file_name().unwrap_or_default(), how));
        match removed {
            // A folder that somebody uses is somebody's.
            Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY) => {}
            Err(error) => tracing::warn!("could not remove `{}`: {error}", folder.join(path).display()),
        }
    }
}

/// Whether what lies there is what was made, as it was made.
fn is_ours(root: &Root, cover: &Cover) -> bool {
    let path = Path::new(&cover.path);
    let Ok(Some(found)) = root.status(path) else { return false };
    let same = cover.identity.is_none_or(|identity| root.identity(path) == Ok(Some(identity)));
    same && match contents(path) {
        None => kind(&found) == FileType::Directory,
        // Cut off by a signal, it may have been made and not written yet.
        Some(bytes) => {
            matches!(root.read(path, 8), Ok(Some(there)) if there == bytes || there.is_empty())
        }
    }
}

/// Returns the names that were removed or replaced since the sandbox started: nothing is mounted there any more.
pub fn lost(folder: &Path, covers: &[Cover]) -> Vec<String> {
    let Ok(root) = Root::open(folder) else { return Vec::new() };
    let is_lost = |cover: &&Cover| {
        cover.identity.is_some_and(|identity| root.identity(Path::new(&cover.path)) != Ok(Some(identity)))
    };
    covers.iter().filter(is_lost).map(|cover| cover.path.clone()).collect()
}

/// Returns the names that were made, as far as they are as they were made.
pub fn made(folder: &Path, covers: &[Cover]) -> Vec<String> {
    let Ok(root) = Root::open(folder) else { return Vec::new() };
    covers.iter().filter(|cover| cover.made && is_ours(&root, cover)).map(|cover| cover.path.clone()).collect()
}

#[cfg(test)]
mod tests;
