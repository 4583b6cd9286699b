//! Commands that may run again without asking: what exactly was shown, and for which folder. They lie in the state folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::host::file::{self, FileError};

/// Most bytes of the file.
const LIMIT: u64 = 4 << 20;

/// Such commands, by folder and digest.
#[derive(Debug)]
pub(super) struct Kept {
    file: PathBuf,
    commands: BTreeSet<(String, String)>,
}

impl Kept {
    /// Reads them; a file that cannot be read allows nothing.
    pub(super) fn of(folder: &Path) -> Self {
        let file = folder.join("commands.json");
        let commands = file::read(&file, LIMIT).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self { file, commands: commands.unwrap_or_default() }
    }

    /// Whether a command of a project may run without asking.
    pub(super) fn has(&self, folder: &str, digest: &str) -> bool {
        self.commands.contains(&(folder.to_owned(), digest.to_owned()))
    }

    /// Keeps one.
    ///
    /// # Errors
    /// It cannot be written down; then it counts until the control plane ends.
    pub(super) fn keep(&mut self, folder: String, digest: String) -> Result<(), FileError> {
        self.commands.insert((folder, digest));
        let text = serde_json::to_vec(&self.commands).expect("a set of texts");
        file::replace(&self.file, &text, 0o600)
    }
}

#[cfg(test)]
mod tests;
