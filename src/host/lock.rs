//! Locks between processes, by `flock(2)`: a process that is killed leaves none behind.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};

/// How often a lock that somebody else holds is tried again.
const RETRY: Duration = Duration::from_millis(20);
/// How often it is tried again without a word: for a second.
const PATIENCE: u32 = 50;

/// The lock could not be taken, for another reason than that somebody holds it.
#[derive(Debug, thiserror::Error)]
#[error("could not lock `{path}`")]
pub struct LockError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    descriptor: OwnedFd,
}

impl Lock {
    /// Takes the lock, or returns `None` while somebody else holds it.
    ///
    /// # Errors
    /// The lock file cannot be created or locked.
    pub fn try_take(path: &Path) -> Result<Option<Self>, LockError> {
        Self::try_open(path, OFlags::RDWR | OFlags::CREATE)
    }

    fn try_open(path: &Path, flags: OFlags) -> Result<Option<Self>, LockError> {
        let failed = |source: rustix::io::Errno| LockError { path: path.into(), source: source.into() };
        let descriptor = open(path, flags).map_err(failed)?;
        match rustix::fs::flock(&descriptor, FlockOperation::NonBlockingLockExclusive) {
            // Whoever held it may have removed the file: then this is the lock of nothing.
            Ok(()) if !is_at(&descriptor, path) => Ok(None),
            Ok(()) => Ok(Some(Self { descriptor })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// Tells whether somebody holds the lock; makes no file.
    ///
    /// # Errors
    /// The lock file cannot be opened or tried.
    pub fn is_held(path: &Path) -> Result<bool, LockError> {
        let failed = |source: rustix::io::Errno| LockError { path: path.into(), source: source.into() };
        let descriptor = match open(path, OFlags::RDONLY) {
            Err(rustix::io::Errno::NOENT) => return Ok(false),
            other => other.map_err(failed)?,
        };
        match rustix::fs::flock(&descriptor, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(is_at(&descriptor, path)),
            Err(error) => Err(failed(error)),
        }
    }

    /// Takes the lock of a folder that is there, or returns `None` while somebody else holds it.
    ///
    /// # Errors
    /// It is no folder, or cannot be locked.
    pub fn try_take_folder(path: &Path) -> Result<Option<Self>, LockError> {
        Self::try_open(path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// Takes the lock, waiting for as long as somebody else holds it. After a second it is said once what that one
    /// works on.
    ///
    /// # Errors
    /// The lock file cannot be created or locked.
    pub async fn take(path: &Path, what: impl Fn() -> String) -> Result<Self, LockError> {
        let mut tries = 0_u32;
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if tries == PATIENCE {
                tracing::warn!("waiting for another cloister that works on {}", what());
            }
            tries = tries.saturating_add(1);
            tokio::time::sleep(RETRY).await;
        }
    }
}

impl From<Lock> for OwnedFd {
    /// Hands the lock on: it is held until the last copy of the descriptor is closed, in whatever process.
    fn from(lock: Lock) -> Self {
        lock.descriptor
    }
}

fn open(path: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    rustix::fs::open(path, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR)
}

fn is_at(descriptor: &OwnedFd, path: &Path) -> bool {
    let place = |status: rustix::fs::Stat| (status.st_dev, status.st_ino);
    let (held, there) = (rustix::fs::fstat(descriptor).map(place), rustix::fs::lstat(path).map(place));
    held.is_ok() && held == there
}

#[cfg(test)]
mod tests;
