//! The one opener: files of a folder that somebody hostile may write are reached from the folder itself, and links on the
//! way do what the caller says and no more (SEC-59). The kernel checks it while it walks, so nothing changes in between.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Stat, StatxFlags, Uid};
use rustix::io::Errno;
use rustix::path::Arg;

/// What links on the way may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// Nothing: none may be there.
    Refused,
    /// Lead to something in the same folder.
    Within,
    /// As in a container, whose root the folder is: none leads out.
    Rooted,
}

impl Links {
    fn flags(self) -> ResolveFlags {
        let policy = match self {
            Self::Refused => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
            Self::Within => ResolveFlags::BENEATH,
            Self::Rooted => ResolveFlags::IN_ROOT,
        };
        // Those of /proc lead anywhere, whatever their text says.
        policy | ResolveFlags::NO_MAGICLINKS
    }
}

/// Opens a path in a folder.
///
/// # Errors
/// It is not there, or leads out of the folder (`XDEV`, or `LOOP` at a link where none may be).
pub fn open(folder: impl AsFd, path: impl Arg, flags: OFlags, links: Links) -> Result<OwnedFd, Errno> {
    rustix::fs::openat2(folder, path, flags | OFlags::CLOEXEC, Mode::empty(), links.flags())
}

/// Opens what is at an absolute path, to no other end than to know it again. No link leads to it.
///
/// # Errors
/// It is not there, or a link leads to it.
pub fn pin(path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    // Without O_NOFOLLOW: together with O_PATH it would open a link at the end instead of failing.
    let no_links = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(CWD, path, flags | OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), no_links)
}

/// Reads at most `limit` bytes of what was opened; `None` if it is no regular file.
///
/// # Errors
/// It cannot be read.
pub fn regular(opened: OwnedFd, limit: u64) -> io::Result<Option<Vec<u8>>> {
    if kind(&rustix::fs::fstat(&opened)?) != FileType::RegularFile {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::from(opened).take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A folder to go on from.
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Mode of a folder that is made: the usual one.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);
/// To read: a pipe must not block the reader, a terminal must not become ours.
pub const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// A folder that is held open.
#[derive(Debug)]
pub struct Root(OwnedFd);

impl Root {
    /// Opens a folder by its absolute path.
    ///
    /// # Errors
    /// It is not there, or a link leads to it.
    pub fn open(path: &Path) -> Result<Self, Errno> {
        Ok(Self(pin(path, FOLDER)?))
    }

    /// Returns the device that the folder lies on.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn device(&self) -> Result<u64, Errno> {
        Ok(rustix::fs::fstat(&self.0)?.st_dev)
    }

    /// Opens the folder that holds a path.
    ///
    /// # Errors
    /// It is not there, or a link leads to it.
    pub fn parent(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        open(&self.0, parent, FOLDER, Links::Refused)
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

    /// Returns inode and birth of what lies at a path, which no other file or folder ever has; `None` where nothing is.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn identity(&self, path: &Path) -> Result<Option<[u64; 2]>, Errno> {
        let Some(found) = self.status(path)? else { return Ok(None) };
        let (folder, name) = (self.parent(path)?, path.file_name().unwrap_or_default());
        // An inode number alone is given away again; file systems without a time of birth say nothing, which is zero.
        let born = rustix::fs::statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BTIME).ok();
        let born = born.filter(|found| found.stx_mask & StatxFlags::BTIME.bits() != 0).map_or(0, |found| {
            found.stx_btime.tv_sec.unsigned_abs().wrapping_mul(1_000_000_000) + u64::from(found.stx_btime.tv_nsec)
        });
        Ok(Some([found.st_ino, born]))
    }

    /// Opens a folder to list it.
    ///
    /// # Errors
    /// It is not there, or a link leads to it.
    pub fn list(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        open(&self.0, path, READ | OFlags::DIRECTORY, Links::Refused)
    }

    /// Tells whether a link leads out of the folder, by whatever other links.
    ///
    /// # Errors
    /// It leads nowhere, or cannot be followed.
    pub fn leads_out(&self, path: &Path) -> Result<bool, Errno> {
        match open(&self.0, path, OFlags::PATH, Links::Within) {
            Ok(_) => Ok(false),
            Err(Errno::XDEV) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Reads at most `limit` bytes of a regular file; `None` where nothing is.
    ///
    /// # Errors
    /// It cannot be read, is no regular file, or a link leads to it.
    pub fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let opened = match open(&self.0, path, READ, Links::Refused) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            other => other?,
        };
        regular(opened, limit)?.map(Some).ok_or_else(|| io::Error::other("not a regular file"))
    }
}

/// Makes a folder in a folder and gives it to somebody; returns it, open. What is given away is what was made: a name that
/// somebody else put there in between belongs to them, or has something in it.
///
/// # Errors
/// Something is there already, or took the new folder's place.
pub fn make_folder(parent: impl AsFd, name: &OsStr, (uid, gid): (Option<Uid>, Option<Gid>)) -> Result<OwnedFd, Errno> {
    rustix::fs::mkdirat(&parent, name, FOLDER_MODE)?;
    let flags = READ | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    give(open(&parent, name, flags, Links::Refused)?, (uid, gid))
}

/// Gives away a folder that this process has just made.
fn give(made: OwnedFd, (uid, gid): (Option<Uid>, Option<Gid>)) -> Result<OwnedFd, Errno> {
    let own = rustix::fs::fstat(&made)?.st_uid == rustix::process::geteuid().as_raw();
    let is_itself = |name: &std::ffi::CStr| name == c"." || name == c"..";
    let empty = Dir::read_from(&made)?.all(|entry| entry.is_ok_and(|entry| is_itself(entry.file_name())));
    if !own || !empty {
        return Err(Errno::EXIST);
    }
    rustix::fs::fchown(&made, uid, gid)?;
    Ok(made)
}

/// Returns what lies at a path that was looked at.
pub fn kind(status: &Stat) -> FileType {
    FileType::from_raw_mode(status.st_mode)
}

#[cfg(test)]
mod tests;
