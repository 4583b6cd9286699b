//! The build context: a folder of the workspace as an archive, which is all that a build gets to see of the host.
//!
//! Every name is opened in the folder that was opened before it, and no link is followed, so that nothing leads out.

mod pack;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use self::pack::Packer;
use crate::config::dockerfile::Builder;
use crate::config::dockerignore::{Ignore, PatternError};
use crate::host::beneath::{self, Links, READ};

/// The Dockerfile in the archive. The one that was judged is sent, whatever lies in the folder by now.
pub(super) const DOCKERFILE: &str = ".dockerfile.cloister";
/// Names what stays outside; the engine reads it as well, and removes what it names of the two.
const DOCKERIGNORE: &str = ".dockerignore";
/// Most bytes of a `.dockerignore`.
const IGNORE_LIMIT: u64 = 256 << 10;
/// Most bytes of all files.
const SIZE_LIMIT: u64 = 8 << 30;
/// Most files, folders and links.
const COUNT_LIMIT: u64 = 500_000;
/// Most folders within each other.
const DEPTH_LIMIT: usize = 128;

/// Why a folder does not become an archive.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// Something cannot be opened or read.
    #[error("could not read `{path}` of the build context")]
    Read {
        /// Path in the context.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A pipe or a device.
    #[error("`{path}` of the build context is neither a file, a folder nor a link")]
    Special {
        /// Path in the context.
        path: String,
    },
    /// A file was written to meanwhile.
    #[error("`{path}` of the build context changed while it was read")]
    Changed {
        /// Path in the context.
        path: String,
    },
    /// More than anybody builds with.
    #[error("the build context is larger than {} GiB, {COUNT_LIMIT} files or {DEPTH_LIMIT} levels", SIZE_LIMIT >> 30)]
    TooLarge,
    /// The file that names what stays outside is broken.
    #[error("could not understand `{file}`")]
    Ignore {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: PatternError,
    },
    /// Nobody takes the archive any more.
    #[error("the engine does not take the build context")]
    Send(#[source] io::Error),
}

impl ContextError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } | Self::Special { .. } => {
                Some("name it in .dockerignore if the build does not need it".to_owned())
            }
            Self::Changed { .. } => Some("try again: `cloister start`".to_owned()),
            Self::TooLarge => {
                Some("name what the build does not need in .dockerignore, or a smaller \"context\"".to_owned())
            }
            Self::Ignore { .. } | Self::Send(_) => None,
        }
    }
}

/// A folder that a build may copy from.
#[derive(Debug)]
pub(super) struct Context {
    root: OwnedFd,
    ignore: Ignore,
    /// What goes into the archive as `.dockerignore`.
    ignore_text: Option<String>,
    dockerfile: String,
}

/// What is in a folder.
struct Found {
    name: OsString,
    status: Stat,
    kind: FileType,
}

impl Context {
    /// Opens a folder below `workspace`; `context` and `dockerfile` are relative to that, `text` is what is built.
    pub(super) fn open(
        workspace: &Path,
        context: &str,
        dockerfile: &str,
        (builder, text): (Builder, &str),
    ) -> Result<Self, ContextError> {
        let failed = |path: &str, errno: Errno| ContextError::Read { path: path.to_owned(), source: errno.into() };
        let folder = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let workspace = rustix::fs::openat(CWD, workspace, folder, Mode::empty()).map_err(|e| failed(".", e))?;
        let root = beneath::open(&workspace, context, folder, Links::Within);
        let root = root.map_err(|errno| failed(".", errno))?;
        // As BuildKit: a Dockerfile's own list wins.
        let own = format!("{dockerfile}{DOCKERIGNORE}");
        let (file, written) = match small_file(&workspace, &own)? {
            Some(written) => (own, Some(written)),
            None => (DOCKERIGNORE.to_owned(), small_file(&root, DOCKERIGNORE)?),
        };
        let written = written.unwrap_or_default();
        let ignore = Ignore::parse(&written).map_err(|source| ContextError::Ignore { file, source })?;
        let kept = small_file(&root, DOCKERIGNORE)?.filter(|_| !ignore.excludes(DOCKERIGNORE));
        let ignore_text = match builder {
            Builder::Classic => Some(format!("{}\n{DOCKERFILE}\n", kept.as_deref().unwrap_or(DOCKERIGNORE))),
            // It removes nothing from an archive, and would keep what is cloister's.
            Builder::BuildKit => kept,
        };
        Ok(Self { root, ignore, ignore_text, dockerfile: text.to_owned() })
    }

    /// Writes the archive and returns the SHA-256 of what is in it, in hexadecimal.
    pub(super) fn pack(&self, output: impl Write) -> Result<String, ContextError> {
        let mut packer = Packer::new(output);
        let mut left = COUNT_LIMIT;
        self.folder(&mut packer, self.root.as_fd(), ("", 0), &mut left)?;
        if let Some(ignore_text) = &self.ignore_text {
            packer.text(DOCKERIGNORE, ignore_text)?;
        }
        packer.text(DOCKERFILE, &self.dockerfile)?;
        packer.finish()
    }

    fn folder(
        &self,
        packer: &mut Packer<impl Write>,
        folder: impl AsFd,
        (path, depth): (&str, usize),
        left: &mut u64,
    ) -> Result<(), ContextError> {
        if depth > DEPTH_LIMIT {
            return Err(ContextError::TooLarge);
        }
        for found in list(folder.as_fd(), path, left)? {
            let Found { name, status, kind } = &found;
            let path = &below(path, name);
            if depth == 0 && [DOCKERIGNORE, DOCKERFILE].contains(&path.as_str()) {
                continue;
            }
            let excluded = self.ignore.excludes(path);
            if *kind == FileType::Directory {
                if !excluded {
                    packer.folder(name_of(path, name).as_path(), status)?;
                }
                if !excluded || self.ignore.reaches_into(path) {
                    let below = open(folder.as_fd(), name, path, OFlags::DIRECTORY)?;
                    self.folder(packer, below, (path, depth + 1), left)?;
                }
            } else if !excluded {
                entry(packer, folder.as_fd(), &found, path)?;
            }
        }
        Ok(())
    }
}

/// The path of what is in a folder, for patterns and people.
fn below(folder: &str, name: &OsString) -> String {
    let name = name.to_string_lossy();
    if folder.is_empty() { name.into_owned() } else { format!("{folder}/{name}") }
}

/// The path as bytes: texts are for patterns and people, and not every name is one.
fn name_of(path: &str, name: &OsString) -> PathBuf {
    Path::new(path).with_file_name(name)
}

fn entry(packer: &mut Packer<impl Write>, folder: impl AsFd, found: &Found, path: &str) -> Result<(), ContextError> {
    let Found { name, status, kind } = found;
    let place = name_of(path, name);
    match kind {
        FileType::RegularFile => {
            let file = File::from(open(folder, name, path, OFlags::NONBLOCK)?);
            packer.file(&place, path, file)
        }
        FileType::Symlink => {
            let target = rustix::fs::readlinkat(folder, name, Vec::new());
            let target = target.map_err(|errno| ContextError::Read { path: path.to_owned(), source: errno.into() })?;
            packer.link(&place, std::ffi::OsStr::from_bytes(target.as_bytes()), status)
        }
        // As docker: a socket has no contents that could be copied.
        FileType::Socket => Ok(()),
        _ => Err(ContextError::Special { path: path.to_owned() }),
    }
}

/// Opens one name in a folder. Whatever takes the name's place is not followed.
fn open(folder: impl AsFd, name: &OsString, path: &str, flags: OFlags) -> Result<OwnedFd, ContextError> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    let opened = rustix::fs::openat(folder, name, flags, Mode::empty());
    opened.map_err(|errno| ContextError::Read { path: path.to_owned(), source: errno.into() })
}

/// Returns what is in a folder, by name. Names that are left out of the archive count as well: they are held in memory.
fn list(folder: impl AsFd, path: &str, left: &mut u64) -> Result<Vec<Found>, ContextError> {
    let failed = |path: &str, errno: Errno| ContextError::Read { path: path.to_owned(), source: errno.into() };
    let mut found = Vec::new();
    for entry in Dir::read_from(&folder).map_err(|errno| failed(path, errno))? {
        let entry = entry.map_err(|errno| failed(path, errno))?;
        let name = OsString::from(std::ffi::OsStr::from_bytes(entry.file_name().to_bytes()));
        if name == "." || name == ".." {
            continue;
        }
        *left = left.checked_sub(1).ok_or(ContextError::TooLarge)?;
        let status = match rustix::fs::statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => continue,
            status => status.map_err(|errno| failed(&below(path, &name), errno))?,
        };
        let kind = FileType::from_raw_mode(status.st_mode);
        found.push(Found { name, status, kind });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Reads a small regular file below a folder; `None` where there is none. No link is followed.
fn small_file(folder: impl AsFd, path: &str) -> Result<Option<String>, ContextError> {
    let failed = |source| ContextError::Read { path: path.to_owned(), source };
    let opened = match beneath::open(folder, path, READ, Links::Refused) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
        opened => opened.map_err(|errno| failed(errno.into()))?,
    };
    let bytes = beneath::regular(opened, IGNORE_LIMIT + 1).map_err(failed)?;
    let bytes = bytes.ok_or_else(|| ContextError::Special { path: path.to_owned() })?;
    if bytes.len() as u64 > IGNORE_LIMIT {
        return Err(ContextError::TooLarge);
    }
    let text = String::from_utf8(bytes).map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests;
