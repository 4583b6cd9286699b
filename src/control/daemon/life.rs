//! Which life of the guardian was spoken with last: a control plane that takes over from one that was killed has to know, for
//! what that life had not told, if it was killed as well. It lies in the state folder.

use std::path::{Path, PathBuf};

use crate::host::file;

/// Most bytes of the file.
const LIMIT: u64 = 256;

/// Name of that life, where there is one.
#[derive(Debug)]
pub(super) struct Life {
    file: PathBuf,
    epoch: Option<String>,
}

impl Life {
    /// Reads it; nobody knows of a life where it cannot be read.
    pub(super) fn of(folder: &Path) -> Self {
        let file = folder.join("guardian");
        let epoch = file::read_text(&file, LIMIT).ok();
        Self { file, epoch }
    }

    /// Another one, maybe; returns the one before.
    pub(super) fn replace(&mut self, epoch: &str) -> Option<String> {
        if let Err(error) = file::replace(&self.file, epoch.as_bytes(), 0o600) {
            tracing::warn!("what a guardian loses from now on may not be told of: {error}");
        }
        self.epoch.replace(epoch.to_owned())
    }

    /// Nobody asks for anything any more: nothing can be lost.
    pub(super) fn end(&self) {
        // Where it stays, a gap is told of that is none.
        let _ = file::remove(&self.file);
    }
}
