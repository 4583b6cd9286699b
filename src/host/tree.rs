//! Removing a folder with everything in it, however deep. Links are removed, never followed; nothing is entered that is
//! mounted there.
//!
//! A folder that is not empty moves up into the first one before it is emptied: no path is longer than two names, and no
//! more than a few folders are open, whatever an agent has built.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::path::Arg;

use super::beneath::kind;
use super::file::FileError;

/// Most names of folders that wait in memory; more are found by listing again.
const WAITING: usize = 1024;

/// Removes a folder and what is in it; it is fine if there is none. What cannot be removed does not keep the rest.
///
/// # Errors
/// Something in it cannot be removed; the first of it is named.
pub fn remove(path: &Path) -> Result<(), FileError> {
    let failed = |source: Errno| FileError::Remove { path: path.into(), source: source.into() };
    let removed = match rustix::fs::lstat(path) {
        Ok(found) if kind(&found) == FileType::Directory => {
            let mut removal = Removal::of(path).map_err(failed)?;
            removal.everything();
            let ended = rustix::fs::rmdir(path);
            if let Some((name, source)) = removal.failed {
                let path = path.join(name.to_string_lossy().as_ref());
                return Err(FileError::Remove { path, source: source.into() });
            }
            ended
        }
        Ok(_) => rustix::fs::unlink(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(Errno::NOENT) => Ok(()),
        other => other.map_err(failed),
    }
}

struct Removal {
    root: OwnedFd,
    device: u64,
    /// Folders that were moved up, and what the next one is called.
    waiting: Vec<CString>,
    next: u64,
    /// How much was removed or moved.
    done: u64,
    /// The first that could not be removed, by its name in the root.
    failed: Option<(CString, Errno)>,
}

impl Removal {
    fn of(path: &Path) -> Result<Self, Errno> {
        let root = open(CWD, path)?;
        let device = rustix::fs::fstat(&root)?.st_dev;
        Ok(Self { root, device, waiting: Vec::new(), next: 0, done: 0, failed: None })
    }

    /// Goes through the root until nothing more can be removed.
    fn everything(&mut self) {
        loop {
            let before = self.done;
            self.failed = None;
            match Dir::read_from(&self.root) {
                Ok(listing) => listing.for_each(|entry| match entry {
                    Ok(entry) if is_itself(entry.file_name()) => {}
                    Ok(entry) => self.entry(entry.file_name()),
                    Err(error) => self.fail(c"", error),
                }),
                Err(error) => self.fail(c"", error),
            }
            if self.done == before {
                break;
            }
        }
    }

    fn entry(&mut self, name: &CStr) {
        self.remove(name);
        while let Some(name) = self.waiting.pop() {
            self.remove(&name);
        }
    }

    /// Removes what lies in the root.
    fn remove(&mut self, name: &CStr) {
        let removed = match delete(&self.root, name) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => self.empty(name).and_then(|()| delete(&self.root, name)),
            other => other,
        };
        self.count(name, removed);
    }

    fn count(&mut self, name: &CStr, removed: Result<(), Errno>) {
        match removed {
            Ok(()) => self.done += 1,
            Err(error) => self.fail(name, error),
        }
    }

    fn fail(&mut self, name: &CStr, error: Errno) {
        self.failed.get_or_insert_with(|| (name.to_owned(), error));
    }

    /// Removes what a folder in the root holds, and moves up what is not empty.
    fn empty(&mut self, name: &CStr) -> Result<(), Errno> {
        let folder = self.enter(&self.root, name)?;
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let inner = entry.file_name();
            if is_itself(inner) {
                continue;
            }
            match delete(&folder, inner) {
                Ok(()) => self.done += 1,
                Err(Errno::NOTEMPTY | Errno::EXIST) => {
                    let moved = self.move_up(&folder, inner);
                    self.count(name, moved);
                }
                Err(error) => self.fail(name, error),
            }
        }
        Ok(())
    }

    fn move_up(&mut self, folder: &OwnedFd, name: &CStr) -> Result<(), Errno> {
        // Who moves a folder must be able to write it.
        self.enter(folder, name)?;
        loop {
            let new = CString::new(format!(".{}", self.next)).expect("digits only");
            self.next += 1;
            match rustix::fs::renameat(folder, name, &self.root, &new) {
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    if self.waiting.len() < WAITING {
                        self.waiting.push(new);
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Opens a folder, unless something else is mounted there.
    fn enter(&self, parent: &OwnedFd, name: &CStr) -> Result<OwnedFd, Errno> {
        let folder = open(parent, name)?;
        if rustix::fs::fstat(&folder)?.st_dev == self.device { Ok(folder) } else { Err(Errno::XDEV) }
    }
}

/// The two names that every folder has.
fn is_itself(name: &CStr) -> bool {
    name == c"." || name == c".."
}

/// Removes a name, unless it is a folder with something in it.
fn delete(folder: &OwnedFd, name: &CStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR) => rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR),
        other => other,
    }
}

/// Opens a folder to list and to change it: programs leave some that not even their owner may write (Go's module cache).
fn open(parent: impl AsFd, name: impl Arg) -> Result<OwnedFd, Errno> {
    let common = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(parent, name, common | OFlags::PATH, Mode::empty())?;
    if rustix::fs::fstat(&folder)?.st_mode & 0o700 != 0o700 {
        rustix::fs::chmod(format!("/proc/self/fd/{}", folder.as_raw_fd()), Mode::RWXU)?;
    }
    rustix::fs::openat(&folder, c".", common | OFlags::RDONLY, Mode::empty())
}

#[cfg(test)]
mod tests;
