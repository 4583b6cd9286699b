//! Sources of bind mounts: opened without following a link, and compared with what the engine really mounted.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::host::beneath::{self, Links};
use crate::host::file::FileError;
use crate::host::mounts::Mounts;
use crate::sandbox::protocol::ExpectedMount;
use crate::ui::text::quoted;

/// Why a source cannot be mounted.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not there, or a link leads to it.
    #[error("could not open `{path}`, which the sandbox is to get")]
    Open {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is another file or folder than it was when it was opened.
    #[error("`{path}` was replaced while the sandbox started")]
    Replaced {
        /// The path.
        path: PathBuf,
    },
    /// Something is mounted in what the sandbox gets read-only.
    #[error("something is mounted at `{mounted}`, in what the sandbox gets read-only")]
    Mounted {
        /// Where it is mounted.
        mounted: PathBuf,
    },
    /// The kernel does not say what is mounted.
    #[error("could not see what is mounted in what the sandbox gets")]
    Unseen(#[source] FileError),
    /// The container has something else there.
    #[error("the sandbox got something else than `{path}` at `{target}`")]
    Different {
        /// The path.
        path: PathBuf,
        /// Where it was to be.
        target: String,
    },
}

impl SourceError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Mounted { mounted } => {
                Some(format!("take it away while the sandbox runs: umount {}", quoted(&mounted.to_string_lossy())))
            }
            Self::Open { .. } | Self::Replaced { .. } | Self::Unseen(_) | Self::Different { .. } => None,
        }
    }
}

/// A source that is held open.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    descriptor: OwnedFd,
}

/// The sources of a container's bind mounts by target, held open until the container was compared with them.
#[derive(Debug, Default)]
pub struct Sources {
    by_target: BTreeMap<String, Source>,
}

impl Sources {
    /// Opens a source.
    ///
    /// # Errors
    /// It is not there, or a link leads to it.
    pub fn open(&mut self, path: &Path, target: &str) -> Result<(), SourceError> {
        let descriptor = beneath::pin(path, OFlags::empty())
            .map_err(|error| SourceError::Open { path: path.into(), source: error.into() })?;
        self.by_target.insert(target.to_owned(), Source { path: path.into(), descriptor });
        Ok(())
    }

    /// Makes sure that nothing is mounted in the sources of these targets, which are read-only: it would be writable on
    /// kernels before 5.12, or missing (SEC-60).
    ///
    /// # Errors
    /// Something is, or the kernel does not say.
    pub fn nothing_below<'a>(&self, targets: impl IntoIterator<Item = &'a str>) -> Result<(), SourceError> {
        let mounts = Mounts::read().map_err(SourceError::Unseen)?;
        let mut paths = targets.into_iter().filter_map(|target| self.at(target));
        match paths.find_map(|(path, _)| mounts.below(path)) {
            Some(mounted) => Err(SourceError::Mounted { mounted: mounted.to_owned() }),
            None => Ok(()),
        }
    }

    /// Returns the source of a target, with its path.
    pub fn at(&self, target: &str) -> Option<(&Path, BorrowedFd<'_>)> {
        self.by_target.get(target).map(|source| (source.path.as_path(), source.descriptor.as_fd()))
    }

    /// Returns what must be at each target, for the init to compare from inside.
    ///
    /// # Errors
    /// What was opened cannot be looked at.
    pub fn expected(&self) -> Result<Vec<ExpectedMount>, SourceError> {
        let expected = |(target, Source { path, descriptor }): (&String, &Source)| match rustix::fs::fstat(descriptor) {
            Ok(found) => Ok(ExpectedMount { target: target.clone(), device: found.st_dev, inode: found.st_ino }),
            Err(error) => Err(SourceError::Open { path: path.clone(), source: error.into() }),
        };
        self.by_target.iter().map(expected).collect()
    }

    /// Makes sure that every path still leads to what was opened.
    ///
    /// # Errors
    /// One does not.
    pub fn unchanged(&self) -> Result<(), SourceError> {
        for Source { path, descriptor } in self.by_target.values() {
            let replaced = || SourceError::Replaced { path: path.clone() };
            let now = beneath::pin(path, OFlags::empty()).map_err(|_error| replaced())?;
            if !same(descriptor, &now) {
                return Err(replaced());
            }
        }
        Ok(())
    }

    /// Makes sure that a process has at every target what was opened. Returns whether that could be seen: only root
    /// may look into a process that is not dumpable.
    ///
    /// # Errors
    /// It has something else there.
    pub fn compare(&self, process: i64) -> Result<bool, SourceError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(root) = rustix::fs::open(format!("/proc/{process}/root"), flags, Mode::empty()) else {
            return Ok(false);
        };
        for (target, Source { path, descriptor }) in &self.by_target {
            match beneath::open(&root, target.as_str(), OFlags::PATH, Links::Rooted) {
                Ok(found) if same(descriptor, &found) => {}
                Err(Errno::NOSYS | Errno::ACCESS | Errno::PERM) => return Ok(false),
                _ => return Err(SourceError::Different { path: path.clone(), target: target.clone() }),
            }
        }
        Ok(true)
    }
}

fn same(a: &OwnedFd, b: &OwnedFd) -> bool {
    let identity = |status: Stat| (status.st_dev, status.st_ino);
    let (Ok(a), Ok(b)) = (rustix::fs::fstat(a), rustix::fs::fstat(b)) else { return false };
    identity(a) == identity(b)
}

#[cfg(test)]
mod tests;
