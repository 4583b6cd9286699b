#![expect(clippy::disallowed_methods, reason = "adapter: files that are removed")]
//! What was written and is not on disk yet.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::Current;
use crate::control::audit::folder::{self, Head};

/// Bytes of one file.
#[derive(Debug)]
pub(super) struct Unsynced {
    pub(super) file: Arc<File>,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

/// Everything that has to get on disk.
#[derive(Debug)]
pub(in crate::control::audit) struct Due {
    pub(super) folder: PathBuf,
    pub(super) files: Vec<Unsynced>,
    pub(super) current: Option<Current>,
    pub(super) head: Head,
    pub(super) obsolete: Vec<PathBuf>,
}

impl Due {
    /// Gets it on disk: entries first, then how far they go, and only then is anything removed.
    pub(in crate::control::audit) fn sync(&self) -> io::Result<()> {
        for Unsynced { file, .. } in &self.files {
            file.sync_data()?;
        }
        folder::write_head(&self.folder, &self.head)?;
        for path in &self.obsolete {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes it once more and gets it on disk: after a sync that failed, the kernel may have dropped what was written.
    /// Nothing may be appended meanwhile.
    pub(in crate::control::audit) fn rewrite(&self) -> io::Result<()> {
        if let Some(Current { file, length }) = &self.current {
            file.set_len(*length)?;
        }
        for Unsynced { file, offset, bytes } in &self.files {
            file.write_all_at(bytes, *offset)?;
        }
        self.sync()
    }
}
