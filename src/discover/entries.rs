//! What lies where host tools look in a folder, for the rules that protect it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use crate::facts::Entry;
use crate::host::beneath::{Root, kind};

/// Looks at paths below a folder, none of them through a link.
pub fn entries(folder: &Path, paths: impl Iterator<Item = String>) -> BTreeMap<PathBuf, Entry> {
    let Ok(root) = Root::open(folder) else { return BTreeMap::new() };
    paths.filter_map(|path| Some((folder.join(&path), entry(&root, Path::new(&path))?))).collect()
}

fn entry(root: &Root, path: &Path) -> Option<Entry> {
    let Ok(found) = root.status(path) else { return Some(Entry::Other) };
    Some(match kind(&found?) {
        FileType::Directory => Entry::Folder,
        FileType::RegularFile => Entry::File,
        FileType::Symlink => Entry::Link,
        _ => Entry::Other,
    })
}
