//! How much room file systems have.

use std::path::Path;

use crate::space::{Space, What};

/// Returns the room of the file system that a path lies on; `None` where that cannot be told.
pub fn of(what: What, path: &Path) -> Option<Space> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(Space {
        what,
        path: path.display().to_string(),
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
        files_free: found.f_favail,
        files_total: found.f_files,
    })
}
