#![expect(clippy::disallowed_methods, reason = "adapter: resolves links")]
//! Where paths really lead, for the rules that judge mounts and builds.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::facts::{Entry, PathFact};

/// Looks at every path; a relative one begins at `base`. Links are noted below `workspace` only.
pub fn path_facts<'a>(
    paths: impl IntoIterator<Item = &'a str>,
    base: &Path,
    workspace: &Path,
) -> BTreeMap<String, PathFact> {
    paths.into_iter().map(|path| (path.to_owned(), fact(&base.join(path), workspace))).collect()
}

fn fact(path: &Path, workspace: &Path) -> PathFact {
    let through_link = has_link_below(path, workspace);
    match path.canonicalize() {
        Ok(canonical) => {
            let entry = Some(entry(&canonical));
            PathFact { canonical: Some(canonical), through_link, entry }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            PathFact { canonical: None, through_link, entry: None }
        }
        // What cannot be looked at may be anything, so it counts as a link.
        Err(_) => PathFact { canonical: None, through_link: true, entry: None },
    }
}

fn entry(canonical: &Path) -> Entry {
    match canonical.symlink_metadata().map(|data| data.file_type()) {
        Ok(kind) if kind.is_dir() => Entry::Folder,
        Ok(kind) if kind.is_file() => Entry::File,
        _ => Entry::Other,
    }
}

fn has_link_below(path: &Path, workspace: &Path) -> bool {
    let mut walked = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                walked.pop();
            }
            other => walked.push(other),
        }
        let is_below = walked.starts_with(workspace) && walked != workspace;
        if is_below && walked.symlink_metadata().is_ok_and(|data| data.is_symlink()) {
            return true;
        }
    }
    false
}
