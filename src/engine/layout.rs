//! What an image must have, or lack, where something is mounted. Pure.
//!
//! The runtime follows the links of an image on the way to where it mounts something: a link at `/data` would put the
//! image's own volume over the init. No link is accepted there, and no volume of the image in what is not its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::facts::ImageFacts;
use crate::harden::syntax::path::{is_within, normalise};
use crate::plan::model::{Container, FILES, Mount, MountKind, Workspace};

/// Folders that belong to cloister, the runtime or the engine.
const OWN_FOLDERS: [&str; 4] = ["/run/cloister", "/proc", "/sys", "/dev"];
/// Files that cloister or the engine mounts.
const OWN_FILES: [&str; 5] = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

/// What lies at a path of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Nothing.
    Absent,
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Folder => "a folder",
            Self::File => "a file",
            Self::Link => "a link",
            Self::Other => "a device or a pipe",
        }
    }
}

/// Why an image cannot be the ground of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Something else is where a mount belongs.
    #[error("`{path}` of the image is {}, where the sandbox needs {}", found.as_str(), needed.as_str())]
    Occupied {
        /// The path.
        path: String,
        /// What the image has there.
        found: Kind,
        /// What is fine there, besides nothing.
        needed: Kind,
    },
    /// A volume of the image has no usable path.
    #[error("the image declares the volume `{}`, which is no path that a sandbox can have", .volume.escape_debug())]
    Path {
        /// The volume, as written.
        volume: String,
    },
    /// A volume of the image lies in what is not its own.
    #[error("the image declares the volume `{volume}`, which lies in `{place}`")]
    Volume {
        /// The volume.
        volume: String,
        /// What it lies in.
        place: String,
        /// Whether another mount at the volume's path would replace it.
        replaceable: bool,
    },
    /// A mount lies in a volume, whose links the agent of an earlier life chose.
    #[error("`{target}` lies in the volume at `{volume}`")]
    Nested {
        /// The inner mount.
        target: String,
        /// The outer one.
        volume: String,
    },
}

impl LayoutError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Volume { volume, replaceable: true, .. } => format!(
                "name a volume of your own for it in devcontainer.json, `\"mounts\": \
                 [\"type=volume,source=data,target={volume}\"]`, or use another image"
            ),
            Self::Occupied { found: Kind::Link, path, .. } => {
                format!("use the path that `{path}` leads to, where devcontainer.json names it, or another image")
            }
            Self::Occupied { .. } | Self::Path { .. } | Self::Volume { .. } => "use another image".to_owned(),
            Self::Nested { .. } => "keep one of the two in `mounts` of devcontainer.json".to_owned(),
        })
    }
}

/// Returns the volumes of an image that the engine will add to the plan's mounts, in their one form.
///
/// # Errors
/// One lies in what is cloister's, the workspace, the home folder or another mount of the plan.
pub fn volumes(image: &ImageFacts, container: &Container) -> Result<BTreeSet<String>, LayoutError> {
    let mut added = BTreeSet::new();
    for written in &image.volumes {
        let path = || LayoutError::Path { volume: written.clone() };
        let volume = normalise(written).ok().filter(|volume| volume != "/").ok_or_else(path)?;
        let own = OWN_FOLDERS.iter().chain(&OWN_FILES).find(|own| is_within(&volume, own));
        if let Some(place) = own {
            return Err(LayoutError::Volume { volume, place: (*place).to_owned(), replaceable: false });
        }
        // The engine leaves a volume out where something is mounted at the same path.
        if container.mounts.iter().any(|mount| mount.target == volume) {
            continue;
        }
        if let Some(outer) = container.mounts.iter().find(|mount| is_within(&volume, &mount.target)) {
            let replaceable = outer.kind != MountKind::Volume;
            return Err(LayoutError::Volume { volume, place: outer.target.clone(), replaceable });
        }
        added.insert(volume);
    }
    Ok(added)
}

/// Returns every path that something is mounted at or made at, with those above it, and what may be there.
///
/// # Errors
/// A mount lies in a volume.
pub fn needed(
    container: &Container,
    workspace: &Workspace,
    volumes: &BTreeSet<String>,
) -> Result<BTreeMap<String, Kind>, LayoutError> {
    let kept = || container.mounts.iter().filter(|mount| mount.kind == MountKind::Volume);
    for inner in &container.mounts {
        let outer = kept().find(|outer| outer.target != inner.target && is_within(&inner.target, &outer.target));
        if let Some(outer) = outer {
            return Err(LayoutError::Nested { target: inner.target.clone(), volume: outer.target.clone() });
        }
    }
    let is_file = |source: &str| source.strip_prefix(FILES).is_some_and(|rest| !rest.is_empty());
    // What lies in a bind is hidden by it, whatever the image has there.
    let covers = container.mounts.iter().filter(|mount| mount.kind == MountKind::Bind);
    let is_hidden = |inner: &&Mount| {
        covers.clone().any(|outer| outer.target != inner.target && is_within(&inner.target, &outer.target))
    };
    let seen = container.mounts.iter().filter(|mount| !is_hidden(mount));
    let (files, folders): (Vec<_>, Vec<_>) = seen.partition(|mount| is_file(&mount.source));
    let folders = folders.iter().map(|mount| mount.target.as_str()).chain(OWN_FOLDERS);
    let folders = folders.chain(volumes.iter().map(String::as_str)).chain([workspace.folder.as_str()]);
    let files = files.iter().map(|mount| mount.target.as_str()).chain(OWN_FILES);
    let mut needed: BTreeMap<String, Kind> = files.clone().map(|path| (path.to_owned(), Kind::File)).collect();
    for path in folders.clone() {
        needed.insert(path.to_owned(), Kind::Folder);
    }
    for path in folders.chain(files) {
        let above = path.match_indices('/').skip(1).map(|(end, _)| path[..end].to_owned());
        needed.extend(above.map(|folder| (folder, Kind::Folder)));
    }
    needed.remove("/");
    Ok(needed)
}

/// Compares what an image has with what is needed.
///
/// # Errors
/// Something else is there.
pub fn check(needed: &BTreeMap<String, Kind>, found: &BTreeMap<String, Kind>) -> Result<(), LayoutError> {
    for (path, needed) in needed {
        // What nobody looked at is not known to be harmless.
        let found = found.get(path).copied().unwrap_or(Kind::Other);
        if found != Kind::Absent && found != *needed {
            return Err(LayoutError::Occupied { path: path.clone(), found, needed: *needed });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
