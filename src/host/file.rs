//! Files that are complete or absent, and reading that no link, pipe or flood can abuse.

use std::fs::Permissions;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};

/// What went wrong with which file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It could not be opened.
    #[error("could not open `{path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It could not be read.
    #[error("could not read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It could not be written.
    #[error("could not write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It could not be removed.
    #[error("could not remove `{path}`")]
    Remove {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is a folder, a pipe, a device or a socket.
    #[error("`{path}` is not a regular file")]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// It is larger than anything that belongs there.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes that are read.
        limit: u64,
    },
}

impl FileError {
    /// Returns the file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Open { path, .. } | Self::Read { path, .. } => path,
            Self::Write { path, .. } | Self::Remove { path, .. } => path,
            Self::NotRegular { path } | Self::TooLarge { path, .. } => path,
        }
    }

    /// Tells whether nothing exists at the path.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Open { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads a regular file of at most `limit` bytes; a link at the last component is an error.
///
/// # Errors
/// The file cannot be opened or read, is not regular, or is too large.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let open = |source: rustix::io::Errno| FileError::Open { path: path.into(), source: source.into() };
    // O_NONBLOCK: opening a pipe that nobody writes to must not hang.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(path, flags, Mode::empty()).map_err(open)?;
    let status = rustix::fs::fstat(&descriptor).map_err(open)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(FileError::NotRegular { path: path.into() });
    }
    let mut bytes = Vec::new();
    std::fs::File::from(descriptor)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| FileError::Read { path: path.into(), source })?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.into(), limit });
    }
    Ok(bytes)
}

/// Reads a UTF-8 text as [`read`] does.
///
/// # Errors
/// As [`read`]; text that is not UTF-8 is a read error.
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    String::from_utf8(read(path, limit)?).map_err(|error| FileError::Read {
        path: path.into(),
        source: io::Error::new(io::ErrorKind::InvalidData, error),
    })
}

/// Writes a file with the given permissions so that it is there completely or not at all, even after a power cut.
///
/// # Errors
/// The file cannot be written beside its final name, or not renamed.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let failed = |source: io::Error| FileError::Write { path: path.into(), source };
    let file = beside(path, bytes, mode)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    rustix::fs::fsync(folder).map_err(|error| failed(error.into()))
}

/// Writes a file as [`write()`] does, except that a power cut may take it: for what is written anew before it is used.
///
/// # Errors
/// As [`write()`].
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let file = beside(path, bytes, mode)?;
    file.persist(path).map_err(|error| FileError::Write { path: path.into(), source: error.error })?;
    Ok(())
}

/// Inode, time of change and size of a file; `None` where there is none.
pub type Stamp = Option<(u64, i64, i64, u64)>;

/// Returns what tells a file from what it was before, as far as its folder says; `None` where there is none.
pub fn stamp(path: &Path) -> Stamp {
    let status = rustix::fs::lstat(path).ok()?;
    let (seconds, nanoseconds) = (status.st_mtime, i64::try_from(status.st_mtime_nsec).unwrap_or_default());
    Some((status.st_ino, seconds, nanoseconds, u64::try_from(status.st_size).unwrap_or_default()))
}

/// Removes a file; it is fine if there is none.
///
/// # Errors
/// It cannot be removed.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match rustix::fs::unlink(path) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(errno) => Err(FileError::Remove { path: path.into(), source: errno.into() }),
    }
}

fn beside(path: &Path, bytes: &[u8], mode: u32) -> Result<tempfile::NamedTempFile, FileError> {
    let failed = |source: io::Error| FileError::Write { path: path.into(), source };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
