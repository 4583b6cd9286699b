#![expect(clippy::disallowed_methods, reason = "adapter: opens and reads files")]
//! Opening files of a repository that may be hostile: beneath a folder, regular, and never more than a limit.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::{ConfigFile, DiscoverError};
use crate::config::jsonc::SIZE_LIMIT;
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::host::beneath::{self as opener, Links, READ};
use crate::source::Source;

/// Returns the canonical path of a folder.
pub(super) fn folder(path: &Path) -> Result<PathBuf, DiscoverError> {
    let fail = |source| DiscoverError::Folder { path: path.to_owned(), source };
    let canonical = path.canonicalize().map_err(fail)?;
    let is_folder = canonical.metadata().map_err(fail)?.is_dir();
    if is_folder { Ok(canonical) } else { Err(DiscoverError::NotAFolder { path: path.to_owned() }) }
}

/// Returns user and group that own a folder.
pub(super) fn owner(path: &Path) -> Result<(u32, u32), DiscoverError> {
    let data = path.metadata().map_err(|source| DiscoverError::Folder { path: path.to_owned(), source })?;
    Ok((data.uid(), data.gid()))
}

/// Reads the file that the user names. Links on the way are the user's own business, but not those of the repository,
/// which may have named the file first.
pub(super) fn named(path: &Path, folder: &Path, root: &Path) -> Result<ConfigFile, DiscoverError> {
    let fail = |source| DiscoverError::Read { path: path.to_owned(), source };
    let absolute = through_root(&std::path::absolute(path).map_err(fail)?, root);
    if absolute.starts_with(root) {
        let place = absolute.display().to_string();
        return beneath(root, folder, &place)?.ok_or_else(|| fail(io::ErrorKind::NotFound.into()));
    }
    let parent = absolute.parent().map(Path::canonicalize).transpose().map_err(fail)?.unwrap_or_default();
    let absolute = parent.join(absolute.file_name().unwrap_or_default());
    let descriptor = rustix::fs::openat(CWD, &absolute, READ, Mode::empty()).map_err(|errno| fail(errno.into()))?;
    let bytes = regular(descriptor, &absolute)?;
    Ok(config_file(bytes, absolute, folder))
}

/// Returns a path that passes through the root, by whatever name, as one that nothing in the root has a say about: what
/// follows the root is taken word by word, so that `ROOT/a/../../x` is beside it, wherever a link `a` may lead.
fn through_root(path: &Path, root: &Path) -> PathBuf {
    let above = path.ancestors().filter(|above| above.canonicalize().is_ok_and(|found| found == root)).last();
    let Some(rest) = above.and_then(|above| path.strip_prefix(above).ok()) else { return path.to_owned() };
    let mut walked = root.to_owned();
    for part in rest.components() {
        match part {
            Component::ParentDir => {
                walked.pop();
            }
            part => walked.push(part),
        }
    }
    walked
}

/// Reads a file at a place in the folder, which lies in the root. `None` where there is none.
pub(super) fn beneath(root: &Path, folder: &Path, place: &str) -> Result<Option<ConfigFile>, DiscoverError> {
    let path = folder.join(place);
    match bytes_beneath(root, &path) {
        Ok(bytes) => Ok(bytes.map(|bytes| config_file(bytes, path, folder))),
        Err(error @ (DiscoverError::Escapes { .. } | DiscoverError::NotRegular { .. })) => {
            let file = config_file(Vec::new(), path, folder);
            let unusable = Some(unusable(&file.source, &error));
            Ok(Some(ConfigFile { unusable, ..file }))
        }
        Err(error) => Err(error),
    }
}

/// Returns the bytes of a regular file below a root. `None` where there is none.
pub(super) fn bytes_beneath(root: &Path, path: &Path) -> Result<Option<Vec<u8>>, DiscoverError> {
    match descriptor_beneath(root, path)? {
        Some(descriptor) => regular(descriptor, path).map(Some),
        None => Ok(None),
    }
}

/// Returns the names of the folders in a folder below a root, sorted; none where there is no such folder.
pub(super) fn folders_beneath(root: &Path, path: &Path) -> Result<Vec<String>, DiscoverError> {
    let fail = |errno: Errno| DiscoverError::Read { path: path.to_owned(), source: errno.into() };
    let Some(descriptor) = descriptor_beneath(root, path)? else { return Ok(Vec::new()) };
    if opener::kind(&rustix::fs::fstat(&descriptor).map_err(fail)?) != FileType::Directory {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in Dir::read_from(&descriptor).map_err(fail)? {
        let Ok(name) = entry.map_err(fail)?.file_name().to_str().map(str::to_owned) else { continue };
        // A link to a folder counts: whether it leads out is decided when the file in it is opened.
        let found = rustix::fs::statat(&descriptor, &name, AtFlags::empty());
        if !name.starts_with('.') && found.is_ok_and(|stat| opener::kind(&stat) == FileType::Directory) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Opens a path whose every link stays below the root; the kernel checks it while it walks, so nothing can change in between.
fn descriptor_beneath(root: &Path, path: &Path) -> Result<Option<OwnedFd>, DiscoverError> {
    let fail = |errno: Errno| DiscoverError::Read { path: path.to_owned(), source: errno.into() };
    let escapes = || DiscoverError::Escapes { path: path.to_owned(), root: root.to_owned() };
    let relative = path.strip_prefix(root).map_err(|_| escapes())?;
    let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let anchor = rustix::fs::openat(CWD, root, folder, Mode::empty()).map_err(fail)?;
    match opener::open(&anchor, relative, READ, Links::Within) {
        Ok(descriptor) => Ok(Some(descriptor)),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(Errno::XDEV | Errno::LOOP) => Err(escapes()),
        // What a socket says when it is opened.
        Err(Errno::NXIO) => Err(DiscoverError::NotRegular { path: path.to_owned() }),
        Err(errno) => Err(fail(errno)),
    }
}

fn regular(descriptor: OwnedFd, path: &Path) -> Result<Vec<u8>, DiscoverError> {
    let fail = |source: io::Error| DiscoverError::Read { path: path.to_owned(), source };
    // One byte above the limit is enough for the parser to say that the file is too large.
    let bytes = opener::regular(descriptor, SIZE_LIMIT as u64 + 1).map_err(fail)?;
    bytes.ok_or_else(|| DiscoverError::NotRegular { path: path.to_owned() })
}

fn config_file(bytes: Vec<u8>, path: PathBuf, folder: &Path) -> ConfigFile {
    let relative = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
    let digest = hex(&Sha256::digest(&bytes));
    let (text, broken_at) = match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(at))
        }
    };
    let source = Source::new(relative.as_str(), text);
    let unusable = broken_at.map(|at| not_utf8(&source, at));
    ConfigFile { source, path, relative, digest, unusable }
}

fn not_utf8(source: &Source, at: usize) -> Diagnostic {
    Diagnostic {
        level: Level::Error,
        kind: Kind::ParseError,
        pointer: String::new(),
        message: "the file is not UTF-8 text".to_owned(),
        label: "these bytes are no character".to_owned(),
        location: source.locate(at..at + char::REPLACEMENT_CHARACTER.len_utf8()),
        help: Some("save the file as UTF-8".to_owned()),
    }
}

/// What the repository put in the place of its configuration: the plan is refused, as for any other mistake in it.
fn unusable(source: &Source, error: &DiscoverError) -> Diagnostic {
    Diagnostic {
        level: Level::Error,
        kind: Kind::ParseError,
        pointer: String::new(),
        message: match error {
            DiscoverError::Escapes { .. } => "the configuration is a link that leads out of the folder",
            _ => "the configuration is not a regular file",
        }
        .to_owned(),
        label: "nothing was read".to_owned(),
        location: source.locate(0..0),
        help: Some("put a file in its place, or name another one: --config FILE".to_owned()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
