//! What is known about the machine before planning. Gathered at the edges, then only read.
//!
//! Invariant: a plan depends on its inputs and on these values, never on the machine itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Everything that planning may know of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The machine that cloister runs on.
    pub host: HostFacts,
    /// The image, once the engine has been asked.
    pub image: Option<ImageFacts>,
    /// The engine, once it has been asked.
    pub engine: Option<EngineFacts>,
}

/// The user, the folder, and where sources of mounts really lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// The user who runs cloister.
    pub uid: u32,
    /// The user's home folder.
    pub home: PathBuf,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// The folder that was opened, canonical.
    pub folder: PathBuf,
    /// The folder that is mounted: the git root around `folder`, or `folder` itself; canonical.
    pub mount_root: PathBuf,
    /// Owner of `mount_root`: user and group.
    pub owner: (u32, u32),
    /// Whether the opened folder has no configuration, and the mounted one around it has one.
    pub has_config_above: bool,
    /// What a start needs of the machine, and is not there.
    pub lacks: Lacks,
    /// Sources of bind mounts and paths of builds that the configuration names, after substitution.
    pub paths: BTreeMap<String, PathFact>,
    /// Files of the mounted folder that a command for the host names, by the word that names them.
    pub scripts: BTreeMap<String, Script>,
    /// cloister's own folders, which no sandbox gets to see.
    pub own: Vec<PathBuf>,
    /// What lies where host tools look: `.git`, `.vscode` and the like in the folder that is mounted. What is absent
    /// is left out.
    pub entries: BTreeMap<PathBuf, Entry>,
}

/// What a start would fail for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lacks {
    /// Folders whose repository has no commit to clone; looked at where a clone is asked for.
    pub commits: BTreeSet<PathBuf>,
    /// Why the certificates that the user named cannot be read.
    pub certificates: Option<String>,
}

/// What lies at a path, itself and not what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device; or something that cannot be looked at.
    Other,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathFact {
    /// The path with every link resolved; `None` where nothing exists.
    pub canonical: Option<PathBuf>,
    /// Whether a link lies on the way below the workspace.
    pub through_link: bool,
    /// What lies at the end of it; `None` where nothing exists.
    pub entry: Option<Entry>,
}

/// A file that a command for the host would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// `sha256:…` of its content.
    pub digest: String,
    /// Its content, where it is text.
    pub text: Option<String>,
}

/// What the engine says of the image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageFacts {
    /// Content id, `sha256:…`.
    pub id: String,
    /// `USER` of the image, empty for root.
    pub user: String,
    /// Environment of the image.
    pub env: BTreeMap<String, String>,
    /// `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// `CMD`.
    pub command: Vec<String>,
    /// `VOLUME`s of the image, as written.
    pub volumes: BTreeSet<String>,
    /// The label `devcontainer.metadata`.
    pub metadata: Option<String>,
    /// `/etc/passwd` of the image, where it has one.
    pub passwd: String,
    /// `/etc/group` of the image, where it has one.
    pub group: String,
    /// `/etc/profile` of the image, where that is a regular file.
    pub profile: String,
    /// Home folders that exist in the image, with their owner.
    pub homes: BTreeMap<String, u32>,
}

/// What the engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// Version, for example `26.1.5`.
    pub version: String,
    /// Hard limit of open files that the engine can give.
    pub nofile_hard: u64,
}
