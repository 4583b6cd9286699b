#![expect(clippy::disallowed_methods, reason = "adapter: the real paths of what is held open")]
//! Where the sandbox's folders are on the host: by the receipt's table, and by the kernel while it walks (SEC-65).

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::super::command::Folder;
use crate::engine::receipt::Receipt;
use crate::host::beneath::{self, Links};
use crate::sandbox::hostexec::protocol::{Reason, Refusal};

const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);

/// The workspace of a sandbox, by both of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Absolute path in the sandbox.
    pub target: String,
    /// Absolute path on the host; no link leads to it.
    pub source: PathBuf,
    /// Whether agents write it. The folder of a sandbox that works on a clone is the user's own.
    pub agents_write: bool,
}

impl Place {
    /// Returns the workspace of a sandbox; `plan` is the plan that it was made from. `None` where the plan names none.
    pub fn of(receipt: &Receipt, plan: &serde_json::Value) -> Option<Self> {
        let target = plan["workspace"]["target"].as_str().filter(|target| target.starts_with('/'))?;
        let source = receipt.mount.as_deref().unwrap_or(&receipt.workspace);
        Some(Self { target: target.to_owned(), source: source.into(), agents_write: receipt.mount.is_some() })
    }

    /// Returns where a path of the sandbox is below the workspace; a relative one begins there.
    pub(super) fn below<'a>(&self, path: &'a str) -> Option<&'a Path> {
        let rest = match path.strip_prefix(self.target.trim_end_matches('/')) {
            Some("") => "",
            Some(rest) => rest.strip_prefix('/')?,
            None if path.starts_with('/') => return None,
            None => path,
        };
        let rest = rest.trim_start_matches('/');
        Some(Path::new(if rest.is_empty() { "." } else { rest }))
    }

    /// Opens a working directory, so that nobody can put another one in its place.
    pub(super) fn enter(&self, cwd: &str) -> Result<Entered, Refusal> {
        let refused = |why: &str| Reason::BadFolder.because(format!("the working directory {why}"));
        let gone = || Reason::Unavailable.because("the workspace is not where it was when the sandbox started");
        let rest =
            self.below(cwd).ok_or_else(|| refused("is not in the workspace, which alone is on the host as well"))?;
        let root = beneath::pin(&self.source, OFlags::DIRECTORY).map_err(|_| gone())?;
        let folder = beneath::open(&root, rest, FOLDER, Links::Within).map_err(|error| match error {
            Errno::XDEV => refused("leads out of the workspace"),
            _ => refused("is not there on the host"),
        })?;
        let outside = real_path(&folder).ok_or_else(gone)?;
        let below = outside.strip_prefix(&self.source).map_err(|_| gone())?.to_owned();
        Ok(Entered { root, folder, outside, below })
    }
}

/// A workspace and a folder in it, both held open.
#[derive(Debug)]
pub(in super::super) struct Entered {
    pub(in super::super) root: OwnedFd,
    pub(in super::super) folder: OwnedFd,
    /// The folder's own path on the host.
    outside: PathBuf,
    /// The folder's path below the workspace; empty for itself.
    below: PathBuf,
}

impl Entered {
    /// Returns a path of the folder as one of the workspace.
    pub(super) fn join(&self, path: &str) -> PathBuf {
        self.below.join(path)
    }

    /// Makes sure that a path does not lead out of the workspace now. A file that is not there yet is fine.
    pub(super) fn holds(&self, path: &str) -> Result<(), Refusal> {
        match beneath::open(&self.root, self.join(path), OFlags::PATH, Links::Within) {
            Ok(_) | Err(Errno::NOENT) => Ok(()),
            Err(_) => Err(Reason::BadRequest.because("a path leads out of the workspace, or cannot be followed")),
        }
    }

    /// Returns both names of the folder.
    pub(super) fn named(&self, inside: &str) -> Folder {
        Folder { inside: inside.to_owned(), outside: self.outside.to_string_lossy().into_owned() }
    }
}

/// Returns the path of what is held open, as the kernel knows it.
pub(super) fn real_path(open: &OwnedFd) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", open.as_raw_fd())).ok()
}

#[cfg(test)]
mod tests;
