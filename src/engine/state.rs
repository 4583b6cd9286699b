#![expect(clippy::disallowed_methods, reason = "adapter: the state folder")]
//! The state folder: one lock for what sandboxes share, and a folder with lock, receipt and files for each of them.

use std::io;
use std::path::{Path, PathBuf};

use super::names;
use super::receipt::{Receipt, VERSION};
use crate::host::file::{self, FileError};
use crate::host::lock::{Lock, LockError};
use crate::host::paths::{self, PathsError};
use crate::host::tree;
use crate::review::Snapshot;

/// Most bytes that a receipt or a plan has.
const RECEIPT_LIMIT: u64 = 16 << 20;

/// Asks whoever works for a sandbox to end.
const END: &str = "end";

/// Most bytes that a snapshot of a workspace has.
const SNAPSHOT_LIMIT: u64 = 1 << 30;

/// Why the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A folder in it cannot be used.
    #[error(transparent)]
    Folder(#[from] PathsError),
    /// A file in it cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A lock in it cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Its folders cannot be listed.
    #[error("could not list `{path}`")]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A receipt or a plan is not what cloister writes.
    #[error("`{path}` is not as cloister wrote it")]
    Receipt {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A receipt of another version of cloister.
    #[error("the receipt `{path}` was written by another version of cloister")]
    Version {
        /// The file.
        path: PathBuf,
    },
}

impl StateError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Folder(error) => error.hint(),
            Self::Receipt { path, .. } | Self::Version { path } => Some(format!(
                "stop what still runs with `cloister shutdown`, then delete `{}`",
                path.parent().unwrap_or(path).display()
            )),
            Self::File(_) | Self::Lock(_) | Self::List { .. } => None,
        }
    }
}

/// Name of what says that the user stopped the guardian.
const AWAY: &str = "guardian-stopped";

/// The state folder of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    root: PathBuf,
    uid: u32,
}

impl StateFolder {
    /// Opens the state folder, creating what is missing.
    ///
    /// # Errors
    /// It cannot be created, or is not private.
    pub fn open(root: &Path, uid: u32) -> Result<Self, StateError> {
        paths::private(root)?;
        paths::private(&root.join("sandboxes"))?;
        paths::private(&root.join("guardian"))?;
        Ok(Self { root: root.into(), uid })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The user whose folder it is.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Name of the guardian that belongs to this folder.
    pub fn instance(&self) -> String {
        names::instance(self.uid, &self.root)
    }

    /// Takes the lock of what sandboxes share: guardian, addresses, names.
    ///
    /// # Errors
    /// The lock file cannot be used.
    pub async fn lock(&self) -> Result<Lock, StateError> {
        Ok(Lock::take(&self.root.join("lock"), || "the guardian or the list of sandboxes".to_owned()).await?)
    }

    /// Takes the lock of the trial that `cloister doctor` makes.
    ///
    /// # Errors
    /// The lock file cannot be used.
    pub async fn lock_trial(&self) -> Result<Lock, StateError> {
        Ok(Lock::take(&self.root.join("trial"), || "a trial of the engine".to_owned()).await?)
    }

    /// Takes the lock of the trial, or returns `None` while somebody holds it.
    ///
    /// # Errors
    /// The lock file cannot be used.
    pub fn try_lock_trial(&self) -> Result<Option<Lock>, StateError> {
        Ok(Lock::try_take(&self.root.join("trial"))?)
    }

    /// Takes the lock of one sandbox.
    ///
    /// # Errors
    /// The lock file or its folder cannot be used.
    pub async fn lock_sandbox(&self, id: &str) -> Result<Lock, StateError> {
        paths::private(&self.sandbox(id))?;
        Ok(Lock::take(&self.sandbox(id).join("lock"), || self.name(id)).await?)
    }

    /// Takes the lock of one sandbox, or returns `None` while somebody holds it.
    ///
    /// # Errors
    /// The lock file or its folder cannot be used.
    pub fn try_lock_sandbox(&self, id: &str) -> Result<Option<Lock>, StateError> {
        paths::private(&self.sandbox(id))?;
        Ok(Lock::try_take(&self.sandbox(id).join("lock"))?)
    }

    /// Tells whether somebody works for a sandbox right now.
    pub fn is_locked(&self, id: &str) -> bool {
        // What is no folder is no sandbox, and nobody's.
        matches!(self.try_lock_sandbox(id), Ok(None))
    }

    /// Tells the same without making a folder for it.
    pub fn is_busy(&self, id: &str) -> bool {
        // What cannot be asked about is left alone.
        Lock::is_held(&self.sandbox(id).join("lock")).unwrap_or(true)
    }

    /// Asks whoever works for a sandbox to end; returns whether it could be asked, which a full disk may not let.
    pub fn ask_for_end(&self, id: &str) -> bool {
        file::write(&self.sandbox(id).join(END), b"", 0o600).is_ok()
    }

    /// Takes such a question away; returns whether there was one.
    pub fn take_end(&self, id: &str) -> bool {
        self.is_end_wanted(id) && file::remove(&self.sandbox(id).join(END)).is_ok()
    }

    /// Tells whether there is such a question.
    pub fn is_end_wanted(&self, id: &str) -> bool {
        self.sandbox(id).join(END).exists()
    }

    /// The name of a sandbox as far as a receipt tells it.
    fn name(&self, id: &str) -> String {
        let known = self.load(id).ok().flatten();
        known.map_or_else(|| "this project".to_owned(), |receipt| format!("`{}`", receipt.name))
    }

    /// Remembers that the user stopped the guardian: nothing but their own word makes another one.
    ///
    /// # Errors
    /// It cannot be written down.
    pub fn keep_guardian_away(&self) -> Result<(), StateError> {
        Ok(file::write(&self.root.join(AWAY), b"", 0o600)?)
    }

    /// Forgets that the user stopped the guardian.
    ///
    /// # Errors
    /// It cannot be forgotten.
    pub fn let_guardian_run(&self) -> Result<(), StateError> {
        Ok(file::remove(&self.root.join(AWAY))?)
    }

    /// Whether the user stopped the guardian. What cannot be told is as if they had.
    pub fn is_guardian_kept_away(&self) -> bool {
        self.root.join(AWAY).try_exists().unwrap_or(true)
    }

    /// The folder of one sandbox.
    pub fn sandbox(&self, id: &str) -> PathBuf {
        self.root.join("sandboxes").join(id)
    }

    /// The folder of what a sandbox gets to read.
    pub fn files(&self, id: &str) -> PathBuf {
        self.sandbox(id).join("files")
    }

    /// Writes a receipt.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, receipt: &Receipt) -> Result<(), StateError> {
        paths::private(&self.sandbox(&receipt.id))?;
        let text = serde_json::to_vec_pretty(receipt).expect("a receipt has text keys only");
        Ok(file::write(&self.sandbox(&receipt.id).join("receipt.json"), &text, 0o600)?)
    }

    /// Reads a receipt; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read, or is not what this version writes.
    pub fn load(&self, id: &str) -> Result<Option<Receipt>, StateError> {
        let path = self.sandbox(id).join("receipt.json");
        let bytes = match file::read(&path, RECEIPT_LIMIT) {
            Err(error) if error.is_absent() => return Ok(None),
            other => other?,
        };
        let receipt: Receipt =
            serde_json::from_slice(&bytes).map_err(|source| StateError::Receipt { path: path.clone(), source })?;
        if receipt.version == VERSION && receipt.id == id {
            Ok(Some(receipt))
        } else {
            Err(StateError::Version { path })
        }
    }

    /// Reads every receipt, ordered by id. One that cannot be read is said and left out: it must not keep the other
    /// sandboxes from being stopped.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn receipts(&self) -> Result<Vec<Receipt>, StateError> {
        let mut receipts = Vec::new();
        for id in self.ids()? {
            match self.load(&id) {
                Ok(receipt) => receipts.extend(receipt),
                Err(error) => tracing::warn!("{error}; what it says is left out"),
            }
        }
        Ok(receipts)
    }

    /// Returns the ids of all sandboxes that were ever started and not collected.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn ids(&self) -> Result<Vec<String>, StateError> {
        let path = self.root.join("sandboxes");
        let failed = |source| StateError::List { path: path.clone(), source };
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            ids.extend(entry.map_err(failed)?.file_name().into_string());
        }
        ids.sort();
        Ok(ids)
    }

    /// Returns the ids of sandboxes whose receipt cannot be read.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn unreadable(&self) -> Result<Vec<String>, StateError> {
        Ok(self.ids()?.into_iter().filter(|id| self.load(id).is_err()).collect())
    }

    /// Returns the ids of sandboxes whose folder holds a lock and nothing else.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn bare(&self) -> Result<Vec<String>, StateError> {
        let is_bare = |id: &String| {
            let entries = std::fs::read_dir(self.sandbox(id)).ok()?;
            let names: Vec<_> =
                entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>().ok()?;
            Some(names == ["lock"])
        };
        Ok(self.ids()?.into_iter().filter(|id| is_bare(id) == Some(true)).collect())
    }

    /// Returns the ids of sandboxes whose folder holds a file of that name.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn with_file(&self, name: &str) -> Result<Vec<String>, StateError> {
        Ok(self.ids()?.into_iter().filter(|id| self.sandbox(id).join(name).exists()).collect())
    }

    /// Writes what a sandbox gets to read, in folders that it can enter; what was there before is gone.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_files(&self, id: &str, folders: &[&str], files: &[(&str, &[u8])]) -> Result<PathBuf, StateError> {
        write_tree(self.files(id), folders, files)
    }

    /// Writes what the set-up phase gets to read, beside what the sandbox has.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_setup_files(&self, id: &str, files: &[(&str, &[u8])]) -> Result<PathBuf, StateError> {
        write_tree(self.sandbox(id).join("setup"), &["setup"], files)
    }

    /// Writes what mattered in the workspace before a start.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save_before(&self, id: &str, before: &Snapshot) -> Result<(), StateError> {
        let text = serde_json::to_vec(before).expect("a snapshot has text keys only");
        Ok(file::replace(&self.sandbox(id).join("before.json"), &text, 0o600)?)
    }

    /// Reads what mattered in the workspace before the last start; `None` where nobody wrote it down.
    ///
    /// # Errors
    /// It cannot be read, or is not what this version writes.
    pub fn load_before(&self, id: &str) -> Result<Option<Snapshot>, StateError> {
        let path = self.sandbox(id).join("before.json");
        match file::read(&path, SNAPSHOT_LIMIT) {
            Err(error) if error.is_absent() => Ok(None),
            found => {
                let before = serde_json::from_slice(&found?);
                before.map(Some).map_err(|source| StateError::Receipt { path, source })
            }
        }
    }

    /// Reads the plan that a sandbox was made from, in its JSON form; another version may have written it.
    ///
    /// # Errors
    /// It cannot be read, or is not JSON.
    pub fn load_plan(&self, id: &str) -> Result<serde_json::Value, StateError> {
        let path = self.sandbox(id).join("plan.json");
        let text = file::read_text(&path, RECEIPT_LIMIT)?;
        serde_json::from_str(&text).map_err(|source| StateError::Receipt { path, source })
    }

    /// Writes the plan that a sandbox was made from.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save_plan(&self, id: &str, json: &[u8]) -> Result<(), StateError> {
        Ok(file::write(&self.sandbox(id).join("plan.json"), json, 0o600)?)
    }
}

/// Writes files into folders that everybody can enter; what was there before is gone.
fn write_tree(root: PathBuf, folders: &[&str], files: &[(&str, &[u8])]) -> Result<PathBuf, StateError> {
    use std::os::unix::fs::PermissionsExt;
    tree::remove(&root)?;
    for name in [""].iter().chain(folders) {
        let folder = root.join(name);
        let failed = |source| FileError::Write { path: folder.clone(), source };
        std::fs::create_dir(&folder).map_err(failed)?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    for (name, bytes) in files {
        file::replace(&root.join(name), bytes, 0o644)?;
    }
    Ok(root)
}

#[cfg(test)]
pub(crate) mod tests;
