//! Files of a folder that somebody hostile may write: reached from the folder itself and never through a link (SEC-59).

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

/// What nobody may put on the way.
const NO_LINKS: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);
/// A folder to go on from.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// A pipe must not block the reader, a terminal must not become ours.
const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// A folder that is held open.
#[derive(Debug)]
pub struct Root(OwnedFd);

impl Root {
    /// Opens a folder by its absolute path.
    ///
    /// # Errors
    /// It is not there, or a link leads to it.
    pub fn open(path: &Path) -> Result<Self, Errno> {
        let no_links = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        Ok(Self(rustix::fs::openat2(rustix::fs::CWD, path, FOLDER, Mode::empty(), no_links)?))
    }

    /// Opens the folder that holds a path.
    ///
    /// # Errors
    /// It is not there, or a link leads to it.
    pub fn parent(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        rustix::fs::openat2(&self.0, parent, FOLDER, Mode::empty(), NO_LINKS)
    }

    /// Looks at a path itself, not at what it leads to; `None` where nothing is.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn status(&self, path: &Path) -> Result<Option<Stat>, Errno> {
        let found = self.parent(path).and_then(|folder| {
            rustix::fs::statat(folder, path.file_name().unwrap_or_default(), AtFlags::SYMLINK_NOFOLLOW)
        });
        match found {
            Ok(status) => Ok(Some(status)),
            // Below a link or a file there is nothing of the folder.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a folder to list it.
    ///
    /// # Errors
    /// It is not there, or a link leads to it.
    pub fn list(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        rustix::fs::openat2(&self.0, path, READ | OFlags::DIRECTORY, Mode::empty(), NO_LINKS)
    }

    /// Reads at most `limit` bytes of a regular file; `None` where nothing is.
    ///
    /// # Errors
    /// It cannot be read, is no regular file, or a link leads to it.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, std::io::Error> {
        let descriptor = match rustix::fs::openat2(&self.0, path, READ, Mode::empty(), NO_LINKS) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            other => other?,
        };
        if kind(&rustix::fs::fstat(&descriptor)?) != FileType::RegularFile {
            return Err(std::io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        File::from(descriptor).take(limit).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// Returns what lies at a path that was looked at.
pub fn kind(status: &Stat) -> FileType {
    FileType::from_raw_mode(status.st_mode)
}

#[cfg(test)]
mod tests;
