//! Which files make up the configuration of a folder, and which folder is mounted. The first adapter of the pipeline.
//!
//! Files of the repository are opened beneath the mounted folder, so that no link in it leads the reader elsewhere, and only
//! regular files are read. Invariant: nothing of the repository is run, not even git.

mod commit;
mod entries;
mod generated;
mod git_root;
mod open;
mod path_facts;
mod scripts;
mod sibling;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::ui::text::quoted;

pub use commit::has_commit;
pub use entries::entries;
pub use generated::MARKER;
pub use path_facts::path_facts;
pub use scripts::scripts;
pub use sibling::{Sibling, read_dockerfile};

/// Places of a configuration in the order they are tried.
const PLACES: [&str; 2] = [".devcontainer/devcontainer.json", ".devcontainer.json"];
/// Folder whose own folders may hold one configuration each.
const VARIANTS: &str = ".devcontainer";
/// Name of a configuration in such a folder.
const NAME: &str = "devcontainer.json";

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The folder to open.
    pub folder: &'a Path,
    /// `--config`: a file that the user names; it may lie anywhere.
    pub config: Option<&'a Path>,
    /// The user's home folder, which is never mounted because a repository lies in it.
    pub home: Option<&'a Path>,
    /// SHA-256 (hex) of files that cloister generated for this user.
    pub known_generated: &'a BTreeSet<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The folder that was opened, canonical.
    pub folder: PathBuf,
    /// The folder that is mounted: the git root around it, or itself; canonical.
    pub mount_root: PathBuf,
    /// User and group that own `mount_root`.
    pub owner: (u32, u32),
    /// The configuration; `None` means the default plan, unless there are `several`.
    pub config: Option<ConfigFile>,
    /// Paths, relative to the folder, of configurations that are equally near: the user has to name one.
    pub several: Vec<String>,
    /// Whether the folder has no configuration, and the mounted folder around it has one, which is not used.
    pub has_config_above: bool,
}

/// One configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// Its text, under its relative name.
    pub source: Source,
    /// Its absolute path.
    pub path: PathBuf,
    /// Its path relative to the folder; absolute when it lies elsewhere.
    pub relative: String,
    /// SHA-256 (hex) of its bytes.
    pub digest: String,
    /// Why the text is not what the file says and must not be used: a link out of the folder, no regular file, no UTF-8.
    pub unusable: Option<Diagnostic>,
}

/// Why nothing was found.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The folder cannot be opened.
    #[error("cannot open the folder {}", path.display())]
    Folder {
        /// The folder as given.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The folder is something else.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file is a folder, a pipe, a socket or a device.
    #[error("{} is not a regular file", path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// A link leads out of the folder that is mounted.
    #[error("{} leads through a link out of {}; name the file with --config if you mean it", path.display(), root.display())]
    Escapes {
        /// The file.
        path: PathBuf,
        /// The folder that is mounted.
        root: PathBuf,
    },
}

impl DiscoverError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Folder { .. } => "name the folder of a project: cloister plan FOLDER; a command stands behind `--`: \
                                    cloister start -- COMMAND"
                .to_owned(),
            Self::NotAFolder { path } => {
                format!("name the folder that holds it; a configuration is named so: --config {}", shown(path))
            }
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "name a file that is there: --config FILE".to_owned()
            }
            Self::Read { path, .. } => format!("make it readable for you: chmod u+r {}", shown(path)),
            Self::NotRegular { path } => {
                format!("look at it with: ls -l {}; another file is named so: --config FILE", shown(path))
            }
            Self::Escapes { .. } => return None,
        })
    }
}

fn shown(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// Finds the configuration of a folder.
///
/// # Errors
/// When the folder or a file cannot be read, or when a file is not what it should be.
pub fn discover(request: &Request<'_>) -> Result<Sources, DiscoverError> {
    let folder = open::folder(request.folder)?;
    let mount_root = git_root::around(&folder, request.home);
    let owner = open::owner(&mount_root)?;
    let mut found = match request.config {
        Some(path) => vec![open::named(path, &folder, &mount_root)?],
        None => search(&folder, &mount_root, request.known_generated)?,
    };
    let (config, several) = match found.len() {
        0 | 1 => (found.pop(), Vec::new()),
        _ => (None, found.into_iter().map(|file| file.relative).collect()),
    };
    let is_bare = config.is_none() && several.is_empty() && folder != mount_root;
    // What cannot be read there is nothing that somebody would miss here.
    let has_config_above =
        is_bare && search(&mount_root, &mount_root, request.known_generated).is_ok_and(|above| !above.is_empty());
    Ok(Sources { folder, mount_root, owner, config, several, has_config_above })
}

fn search(folder: &Path, root: &Path, known: &BTreeSet<String>) -> Result<Vec<ConfigFile>, DiscoverError> {
    for place in PLACES {
        if let Some(file) = open::beneath(root, folder, place)?
            && !generated::is_ours(&file, known)
        {
            return Ok(vec![file]);
        }
    }
    let mut found = Vec::new();
    for variant in open::folders_beneath(root, &folder.join(VARIANTS))? {
        let place = format!("{VARIANTS}/{variant}/{NAME}");
        found.extend(open::beneath(root, folder, &place)?.filter(|file| !generated::is_ours(file, known)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
