//! The number that a card had last: cards of a control plane that takes over from another one have higher ones, so that
//! `cloister approve 3` never answers another question than the one that was read. It lies in the state folder.

use std::path::{Path, PathBuf};

use crate::host::file::{self, FileError};

/// Most bytes of the file.
const LIMIT: u64 = 32;
/// Numbers that are left out where nobody can tell which one was the last.
const UNKNOWN: u64 = 1_000_000;

/// That number.
#[derive(Debug)]
pub(super) struct Numbers {
    file: PathBuf,
    last: u64,
}

impl Numbers {
    /// Reads it; `now`, in milliseconds since the Unix epoch, makes another one where it cannot be read.
    pub(super) fn of(folder: &Path, now: u64) -> Self {
        let file = folder.join("card");
        let last = match file::read_text(&file, LIMIT) {
            Err(error) if error.is_absent() => 0,
            // Seconds grow faster than cards do.
            read => read.ok().and_then(|text| text.parse().ok()).unwrap_or(UNKNOWN + now / 1000),
        };
        Self { file, last }
    }

    /// Returns the number.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// A card has a number.
    ///
    /// # Errors
    /// It cannot be written down.
    pub(super) fn used(&mut self, number: u64) -> Result<(), FileError> {
        self.last = self.last.max(number);
        file::replace(&self.file, self.last.to_string().as_bytes(), 0o600)
    }
}

#[cfg(test)]
mod tests;
