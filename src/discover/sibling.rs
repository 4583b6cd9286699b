//! Files that a configuration names and that planning wants to read: the Dockerfile.

use std::path::{Component, Path, PathBuf};

use super::{ConfigFile, DiscoverError, Sources, open};
use crate::source::Source;

/// What became of a file that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sibling {
    /// It was read.
    Text(Source),
    /// It does not exist.
    Missing,
    /// It lies outside the mounted folder, or a link leads there; it was not opened.
    Outside,
    /// It is no regular file, or the system does not let us read it.
    Unreadable(String),
}

/// Reads the Dockerfile of a configuration; `name` is relative to the configuration's own folder.
pub fn read_dockerfile(sources: &Sources, config: &ConfigFile, name: &str) -> Sibling {
    let Some(path) = config.path.parent().and_then(|folder| joined(folder, name)) else { return Sibling::Outside };
    if !path.starts_with(&sources.mount_root) {
        return Sibling::Outside;
    }
    match open::bytes_beneath(&sources.mount_root, &path) {
        Ok(Some(bytes)) => {
            let shown = path.strip_prefix(&sources.folder).unwrap_or(&path).display().to_string();
            Sibling::Text(Source::new(shown, String::from_utf8_lossy(&bytes)))
        }
        Ok(None) => Sibling::Missing,
        Err(DiscoverError::Escapes { .. }) => Sibling::Outside,
        Err(DiscoverError::Read { source, .. }) => Sibling::Unreadable(source.to_string()),
        Err(error) => Sibling::Unreadable(error.to_string()),
    }
}

/// Joins a path without asking the file system; `None` where `..` leads above the root of the machine.
fn joined(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for component in Path::new(name).components() {
        match component {
            Component::RootDir => path = PathBuf::from("/"),
            Component::ParentDir if !path.pop() => return None,
            Component::Normal(part) => path.push(part),
            Component::ParentDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Some(path)
}
