#![expect(clippy::disallowed_methods, reason = "adapter: the files of approvals")]
//! Approvals on disk: one file for each folder, in the user's state folder and never in a repository.
//!
//! Invariant: a file that somebody else owns or can write, or that cloister did not write, approves nothing.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::host::file::{self, FileError};
use crate::host::lock::{Lock, LockError};
use crate::host::paths::{self, PathsError};
use crate::ident::SandboxId;
use crate::trust::approvals::ApprovalsError;
use crate::trust::{Approvals, Domains};
use crate::ui::text::quoted;

/// Most bytes of one file.
const LIMIT: u64 = 16 << 20;

/// Why approvals cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be used.
    #[error("could not use what you approved for this folder")]
    File(#[from] FileError),
    /// The folder of the files cannot be used.
    #[error("could not use the folder of what you approved")]
    Folder(#[from] PathsError),
    /// Two commands at once cannot be kept apart.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Somebody else could have written the file.
    #[error("`{path}` is not yours alone to write, so nothing in it counts")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is broken.
    #[error("`{path}` cannot be read as what you approved, so nothing starts")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ApprovalsError,
    },
}

impl StoreError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        let again = |path: &Path| {
            let path = path.to_string_lossy();
            Some(format!("remove it, then approve again with `cloister trust`: rm {}", quoted(&path)))
        };
        match self {
            Self::Folder(error) => error.hint(),
            Self::File(error) => again(error.path()),
            Self::Foreign { path } | Self::Broken { path, .. } => again(path),
            Self::Lock(_) => None,
        }
    }
}

/// The approvals of one folder.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    id: SandboxId,
    about: String,
}

impl Store {
    /// Returns the store of the sandbox that `uid` runs on `opened`, which must be canonical; nothing is created.
    pub fn of(state: &Path, uid: u32, opened: &Path) -> Self {
        let id = SandboxId::derive(uid, opened);
        Self { folder: state.join("approvals"), id, about: opened.display().to_string() }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.id.as_str()))
    }

    /// Reads what is approved; nothing where there is no file.
    ///
    /// # Errors
    /// The file cannot be read, is not private, or is not what cloister writes.
    pub fn load(&self) -> Result<Approvals, StoreError> {
        let path = self.path();
        let bytes = match file::read(&path, LIMIT) {
            Err(error) if error.is_absent() => return Ok(Approvals::default()),
            found => found?,
        };
        if ![path.as_path(), &self.folder].into_iter().all(is_private) {
            return Err(StoreError::Foreign { path });
        }
        Approvals::from_json(&bytes, &self.about).map_err(|source| StoreError::Broken { path, source })
    }

    /// Returns the hosts that were approved under a digest; none where that cannot be read.
    pub fn asked(&self, digest: &str) -> Option<Domains> {
        let approvals =
            self.load().map_err(|error| tracing::warn!("no host is open that a repository asked for: {error}"));
        Domains::approved(&approvals.ok()?, digest)
    }

    /// Changes what is approved, as it is on disk by then; two commands at once do not lose each other's answers.
    ///
    /// # Errors
    /// As [`Self::load`], or the file cannot be written.
    pub async fn change(&self, change: impl FnOnce(&mut Approvals)) -> Result<(), StoreError> {
        if let Some(state) = self.folder.parent() {
            paths::private(state)?;
        }
        paths::private(&self.folder)?;
        let _lock = Lock::take(&self.folder.join("lock"), || "what is approved".to_owned()).await?;
        let mut approvals = self.load()?;
        change(&mut approvals);
        Ok(file::write(&self.path(), approvals.to_json(&self.about).as_bytes(), 0o600)?)
    }

    /// Removes everything that is approved.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn forget(&self) -> Result<(), FileError> {
        file::remove(&self.path())
    }
}

/// Whether nobody but this user, or root, could have written it.
fn is_private(path: &Path) -> bool {
    let own = [0, rustix::process::geteuid().as_raw()];
    path.symlink_metadata().is_ok_and(|status| own.contains(&status.uid()) && status.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests;
