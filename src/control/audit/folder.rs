#![expect(clippy::disallowed_methods, reason = "adapter: the files of the log")]
//! Files of the log: `00000001.jsonl` and so on, and `head`, which says how far the log was on disk.
//!
//! Invariant: nothing but a regular file of this user's, which nobody else may open, is read or written.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::event::Chain;
use crate::host::file::{self, FileError};

/// Most bytes of `head`.
const HEAD_LIMIT: u64 = 4096;
const SUFFIX: &str = ".jsonl";
const DIGITS: usize = 8;

/// A file of the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be listed.
    #[error("could not list `{path}`")]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be opened; a link is never followed.
    #[error("could not open `{path}`")]
    Open {
        /// The file.
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
    /// It belongs to somebody else.
    #[error("`{path}` belongs to user {owner}, not to you")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others can open it.
    #[error("`{path}` can be opened by others")]
    Shared {
        /// The file.
        path: PathBuf,
    },
    /// `head` cannot be read.
    #[error(transparent)]
    Head(#[from] FileError),
    /// It cannot be read or written.
    #[error("could not use `{path}`")]
    Use {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl FolderError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        let moved = |path: &Path| Some(format!("move `{}` away, then try again", path.display()));
        match self {
            Self::NotRegular { path } | Self::Foreign { path, .. } => moved(path),
            Self::Open { path, source } if source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                moved(path)
            }
            Self::Shared { path } => Some(format!("run `chmod 600 '{}'`", path.display())),
            Self::List { .. } | Self::Open { .. } | Self::Head(_) | Self::Use { .. } => None,
        }
    }

    /// Tells whether there is nothing at the path.
    pub(super) fn is_absent(&self) -> bool {
        match self {
            Self::List { source, .. } | Self::Open { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Self::Head(error) => error.is_absent(),
            _ => false,
        }
    }
}

/// How far the log was on disk when it was synced last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Head {
    /// Number of the last entry.
    pub(super) number: u64,
    /// Its chain value.
    pub(super) chain: Chain,
}

impl Head {
    /// Returns the only text that this head has.
    fn text(&self) -> String {
        serde_json::to_string(self).expect("a head has text keys only") + "\n"
    }
}

/// What `head` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeadFile {
    /// There is none.
    Absent,
    /// It is not what this version writes.
    Broken,
    /// It is whole.
    Whole(Head),
}

/// Returns the path of a file of the log.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:0DIGITS$}{SUFFIX}"))
}

/// Returns the numbers of the files that there are, in their order; none where there is no folder.
pub(super) fn numbers(folder: &Path) -> Result<Vec<u64>, FolderError> {
    let failed = |source| FolderError::List { path: folder.into(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        numbers.extend(entry.map_err(failed)?.file_name().to_str().and_then(number_of));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let number = digits.parse().ok().filter(|_| digits.len() >= DIGITS)?;
    (path(Path::new(""), number).to_str() == Some(name)).then_some(number)
}

/// Opens a file of the log for reading.
pub(super) fn open(path: &Path) -> Result<File, FolderError> {
    checked(path, OFlags::RDONLY)
}

/// Opens a file of the log for writing.
pub(super) fn open_to_write(path: &Path) -> Result<File, FolderError> {
    checked(path, OFlags::RDWR)
}

/// Makes a file of the log; there must be none.
pub(super) fn create(path: &Path) -> Result<File, FolderError> {
    checked(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
}

fn checked(path: &Path, flags: OFlags) -> Result<File, FolderError> {
    let failed = |source: rustix::io::Errno| FolderError::Open { path: path.into(), source: source.into() };
    // O_NONBLOCK: opening a pipe that nobody writes to must not hang.
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    let status = rustix::fs::fstat(&descriptor).map_err(failed)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
        return Err(FolderError::NotRegular { path: path.into() });
    }
    if status.st_uid != rustix::process::geteuid().as_raw() {
        return Err(FolderError::Foreign { path: path.into(), owner: status.st_uid });
    }
    if status.st_mode & 0o077 != 0 {
        return Err(FolderError::Shared { path: path.into() });
    }
    Ok(File::from(descriptor))
}

/// Reads `head`.
pub(super) fn head(folder: &Path) -> Result<HeadFile, FolderError> {
    let bytes = match file::read(&folder.join("head"), HEAD_LIMIT) {
        Err(error) if error.is_absent() => return Ok(HeadFile::Absent),
        bytes => bytes?,
    };
    let head = serde_json::from_slice::<Head>(&bytes).ok().filter(|head| head.text().as_bytes() == bytes);
    Ok(head.map_or(HeadFile::Broken, HeadFile::Whole))
}

/// Writes `head`, so that the old one or the new one is there, on disk as well. Only the log's one writer may.
pub(super) fn write_head(folder: &Path, head: &Head) -> io::Result<()> {
    let beside = folder.join("head.new");
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(&beside, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(head.text().as_bytes())?;
    file.sync_all()?;
    rustix::fs::rename(&beside, folder.join("head"))?;
    sync_folder(folder)
}

/// Has the folder's list of files on disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = rustix::fs::open(folder, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(rustix::fs::fsync(folder)?)
}

#[cfg(test)]
mod tests;
