//! Commands that may run again without asking: everything that was shown of them, and for which folder. They lie in the state
//! folder. What was shown is kept whole, so that whoever is asked about a changed one sees what changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::control::hostexec::HostCommand;
use crate::host::file::{self, FileError};

/// Most bytes of the file; where more would be kept, the oldest are asked for again.
const LIMIT: u64 = 4 << 20;

/// Such commands, the oldest first.
#[derive(Debug)]
pub(super) struct Kept {
    file: PathBuf,
    limit: u64,
    commands: Vec<Allowed>,
}

/// A command that was allowed for every time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    folder: String,
    command: Arc<HostCommand>,
}

impl Kept {
    /// Reads them; a file that cannot be read allows nothing.
    pub(super) fn of(folder: &Path) -> Self {
        let file = folder.join("commands.json");
        let commands = file::read(&file, LIMIT).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self { file, limit: LIMIT, commands: commands.unwrap_or_default() }
    }

    /// Whether a command of a project may run without asking.
    pub(super) fn has(&self, folder: &str, digest: &str) -> bool {
        self.of_project(folder).any(|command| command.digest() == digest)
    }

    /// Returns those of a project, the oldest first.
    pub(super) fn of_project(&self, folder: &str) -> impl Iterator<Item = &Arc<HostCommand>> {
        self.commands.iter().filter(move |allowed| allowed.folder == folder).map(|allowed| &allowed.command)
    }

    /// Keeps one.
    ///
    /// # Errors
    /// It cannot be written down; then it counts until the control plane ends.
    pub(super) fn keep(&mut self, folder: String, command: HostCommand) -> Result<(), FileError> {
        self.commands.retain(|allowed| allowed.folder != folder || *allowed.command != command);
        self.commands.push(Allowed { folder, command: Arc::new(command) });
        let text = loop {
            let text = serde_json::to_vec(&self.commands).expect("every key is a text");
            if text.len() as u64 <= self.limit {
                break text;
            }
            self.commands.remove(0);
        };
        file::replace(&self.file, &text, 0o600)
    }
}

#[cfg(test)]
mod tests;
