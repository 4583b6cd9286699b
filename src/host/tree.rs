#![expect(clippy::disallowed_methods, reason = "adapter: removes folders")]
//! Removing a folder with everything in it. Links are removed, never followed.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::file::FileError;

/// Removes a folder and what is in it; it is fine if there is none.
///
/// # Errors
/// Something in it cannot be removed.
pub fn remove(path: &Path) -> Result<(), FileError> {
    let removed = match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path).and_then(|()| std::fs::remove_dir_all(path))
        }
        other => other,
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError::Remove { path: path.into(), source: error })
        }
        _ => Ok(()),
    }
}

/// Lets the owner write every folder: programs leave some that nobody may write (Go's module cache).
fn open_up(root: &Path) -> io::Result<()> {
    let mut pending = vec![root.to_owned()];
    while let Some(folder) = pending.pop() {
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            // Says of a link that it is one.
            if entry.file_type()?.is_dir() {
                pending.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
