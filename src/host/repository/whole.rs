//! Whether a repository is complete in itself: git follows links and pointers in it wherever they lead, and would read
//! another repository of the user's for whoever put them there.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType};
use rustix::io::Errno;

use crate::host::beneath::{Root, kind};

/// What git has no part in here: what it runs, other repositories, and what other programs keep.
const ASIDE: [&str; 5] = ["annex", "hooks", "lfs", "modules", "rr-cache"];
/// Files that say that objects or references lie elsewhere, or are not all there.
const POINTERS: [(&str, &str); 3] = [
    ("objects/info/alternates", "borrows objects from another repository"),
    ("objects/info/http-alternates", "borrows objects from another repository"),
    ("shallow", "has a part of its history alone"),
];
/// Files of configuration.
const CONFIGURATION: [&str; 2] = ["config", "config.worktree"];
/// Sections of it that have git read other files, or run something whatever `core.hooksPath` says (git 2.54).
const SECTIONS: [(&str, &str); 3] = [
    ("include", "includes configuration from elsewhere"),
    ("includeif", "includes configuration from elsewhere"),
    ("hook", "has hooks in its configuration"),
];
/// Most bytes of such a file.
const CONFIGURATION_LIMIT: u64 = 1 << 20;
/// What cloister puts there for as long as a sandbox lives: it leads to where it lies.
const COMMONDIR: (&str, &[u8]) = ("commondir", b".\n");
/// Most files and folders that are looked at.
const ENTRIES: usize = 2_000_000;
/// Most folders within each other.
const DEPTH: usize = 64;

/// Why a repository is not complete in itself.
#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    /// It is not there, or something else is.
    #[error("could not open `{path}` as a repository")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something in it is neither a file nor a folder.
    #[error("`{path}` is a link, or no file: a repository with that could lead anywhere")]
    Link {
        /// What it is.
        path: PathBuf,
    },
    /// It needs something that it does not have.
    #[error("the repository at `{path}` {what}")]
    Pointer {
        /// The repository.
        path: PathBuf,
        /// What it does.
        what: &'static str,
    },
    /// There is more in it than anybody looks at.
    #[error("`{path}` has too many files to look at")]
    TooLarge {
        /// The repository.
        path: PathBuf,
    },
}

impl WholeError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Open { .. } => "open the main checkout of a repository, not a worktree or a submodule",
                Self::Link { .. } => "look at it with ls -l, and put what it leads to in its place",
                Self::Pointer { what, .. } if *what == POINTERS[2].1 => "fetch the rest: git fetch --unshallow",
                Self::Pointer { what, .. } if SECTIONS.iter().any(|(_, section)| what == section) => {
                    "look at .git/config, and take out of it what is not this repository's own"
                }
                Self::Pointer { .. } => {
                    "copy what it needs: git repack -a -d, then remove .git/objects/info/alternates"
                }
                Self::TooLarge { .. } => "pack it: git gc",
            }
            .to_owned(),
        )
    }
}

/// Looks through a repository's folder.
///
/// # Errors
/// It leads out of itself, or is not all there.
pub(super) fn check(path: &Path) -> Result<(), WholeError> {
    let open = |source: Errno| WholeError::Open { path: path.into(), source: source.into() };
    let root = Root::open(path).map_err(open)?;
    let pointer = |what| WholeError::Pointer { path: path.into(), what };
    for (name, what) in POINTERS {
        if root.status(Path::new(name)).map_err(open)?.is_some() {
            return Err(pointer(what));
        }
    }
    let commondir = root.read(Path::new(COMMONDIR.0), 16).map_err(|_error| pointer("shares another one's objects"))?;
    if commondir.is_some_and(|found| found != COMMONDIR.1) {
        return Err(pointer("shares another one's objects"));
    }
    for name in CONFIGURATION {
        let found =
            root.read(Path::new(name), CONFIGURATION_LIMIT).map_err(|_error| pointer("has no plain configuration"))?;
        let text = found.map(|bytes| String::from_utf8_lossy(&bytes).to_ascii_lowercase()).unwrap_or_default();
        if let Some((_, what)) = SECTIONS.iter().find(|(section, _)| has_section(&text, section)) {
            return Err(pointer(what));
        }
    }
    let mut look = Look { root: &root, path, left: ENTRIES };
    look.folder(Path::new(""), 0)
}

/// Whether a text has what may be the head of a section; a remark that looks like one counts.
fn has_section(text: &str, name: &str) -> bool {
    let heads = text.match_indices('[').filter_map(|(at, _)| text[at + 1..].trim_start().strip_prefix(name));
    heads.into_iter().any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-'))
}

struct Look<'a> {
    root: &'a Root,
    path: &'a Path,
    left: usize,
}

impl Look<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), WholeError> {
        let failed = |source: Errno| WholeError::Open { path: self.path.join(folder), source: source.into() };
        let listed = Dir::read_from(self.root.list(folder).map_err(failed)?).map_err(failed)?;
        for entry in listed {
            let entry = entry.map_err(failed)?;
            let name =
                Path::new(std::ffi::OsStr::new(entry.file_name().to_str().map_err(|_error| failed(Errno::ILSEQ))?));
            if name == Path::new(".") || name == Path::new("..") {
                continue;
            }
            self.left = self.left.saturating_sub(1);
            if self.left == 0 || depth > DEPTH {
                return Err(WholeError::TooLarge { path: self.path.into() });
            }
            if depth == 0 && ASIDE.iter().any(|aside| name == Path::new(aside)) {
                continue;
            }
            let path = folder.join(name);
            let kind = match entry.file_type() {
                FileType::Unknown => {
                    self.root.status(&path).map_err(failed)?.map_or(FileType::Unknown, |found| kind(&found))
                }
                known => known,
            };
            match kind {
                FileType::RegularFile => {}
                FileType::Directory => self.folder(&path, depth + 1)?,
                _ => return Err(WholeError::Link { path: self.path.join(path) }),
            }
        }
        Ok(())
    }
}
