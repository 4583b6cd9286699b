#![expect(clippy::disallowed_methods, reason = "adapter: the files of what waits")]
//! What a repository asks for and nobody has answered yet, as a start found it: a file for each sandbox in the folder of the
//! control plane, which makes cards of it for as long as it is true.
//!
//! Invariant: it is written by a start that read and judged the repository. The control plane reads no configuration; it makes
//! sure that the files are those that were read.

pub mod shown;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::client;
use crate::host::file::{self, FileError, Stamp};
use crate::host::paths::{self, PathsError};
use crate::ident::sha256_hex;
use crate::policy::decision::Subject;
use crate::trust::Request;

/// Most bytes of one file.
const LIMIT: u64 = 32 << 20;
/// Most bytes of a file that a request was read from.
const SOURCE_LIMIT: u64 = 16 << 20;

/// What waits of one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The sandbox; without a session where none was made, because it waits for this.
    pub subject: Subject,
    /// When the repository was read, in milliseconds since the Unix epoch.
    pub made: u64,
    /// What it was read from.
    pub sources: Vec<Source>,
    /// What names the project to a command, each after a space.
    pub words: String,
    /// What is asked for.
    pub requests: Vec<Request>,
}

/// A file that a request was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its path, without links.
    pub path: PathBuf,
    /// `sha256:…` of it.
    pub digest: String,
}

/// Why what waits cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum RequestsError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] PathsError),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Returns the folder of these files in a state folder.
pub fn folder(state: &Path) -> PathBuf {
    client::folder(state).join("requests")
}

fn path(state: &Path, sandbox: &str) -> PathBuf {
    // An id has digits alone; anything else would be another file's name.
    let plain: String = sandbox.chars().filter(char::is_ascii_alphanumeric).collect();
    folder(state).join(format!("{plain}.json"))
}

impl Open {
    /// Tells the control plane, in place of what it was told of this sandbox before.
    ///
    /// # Errors
    /// It cannot be written down.
    pub fn tell(&self, state: &Path) -> Result<(), RequestsError> {
        if self.requests.is_empty() {
            return Ok(forget(state, &self.subject.sandbox)?);
        }
        paths::private(&client::folder(state))?;
        paths::private(&folder(state))?;
        let json = serde_json::to_vec(self).expect("requests have text keys only");
        Ok(file::replace(&path(state, &self.subject.sandbox), &json, 0o600)?)
    }

    /// Whether the repository is as it was when it was read.
    pub fn is_true(&self) -> bool {
        self.sources.iter().all(Source::is_same)
    }
}

impl Source {
    fn is_same(&self) -> bool {
        let now = file::read(&self.path, SOURCE_LIMIT);
        now.is_ok_and(|bytes| format!("sha256:{}", sha256_hex(&bytes)) == self.digest)
    }

    /// Returns what changes with most changes of it; only [`Open::is_true`] is sure.
    pub fn stamp(&self) -> Stamp {
        file::stamp(&self.path)
    }
}

/// Takes back what was told of a sandbox; it is fine if there is nothing.
///
/// # Errors
/// The file cannot be removed.
pub fn forget(state: &Path, sandbox: &str) -> Result<(), FileError> {
    file::remove(&path(state, sandbox))
}

/// Returns the ids of sandboxes that something waits of, with a stamp of its file.
pub fn waiting(state: &Path) -> Vec<(String, Stamp)> {
    let entries = folder(state).read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let id = |path: &PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned());
    entries.filter_map(|path| Some((id(&path)?, file::stamp(&path)))).collect()
}

/// Reads what waits of a sandbox; nothing where that is not what [`Open::tell`] wrote.
pub fn read(state: &Path, sandbox: &str) -> Option<Open> {
    let bytes = file::read(&path(state, sandbox), LIMIT).ok()?;
    serde_json::from_slice::<Open>(&bytes).ok().filter(|open| open.subject.sandbox == sandbox)
}

#[cfg(test)]
mod tests;
