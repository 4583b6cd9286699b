//! Whether a repository has a commit to clone, read from its files: git itself is not run for a plan.

use std::io;
use std::path::Path;

use crate::host::beneath::Root;

/// Most bytes of what is checked out: the name of a branch.
const HEAD_LIMIT: u64 = 4 << 10;
/// Most bytes of the references that are read for one of them.
const PACKED_LIMIT: u64 = 16 << 20;

/// Tells whether a folder's repository has a commit; where nothing says that it has none, git tells at the start.
pub fn has_commit(folder: &Path) -> bool {
    is_born(&folder.join(".git")).unwrap_or(true)
}

fn is_born(repository: &Path) -> io::Result<bool> {
    let root = Root::open(repository)?;
    // Whatever else keeps references is for git to read.
    if root.status(Path::new("reftable"))?.is_some() {
        return Ok(true);
    }
    let head = root.read(Path::new("HEAD"), HEAD_LIMIT)?.unwrap_or_default();
    let head = String::from_utf8_lossy(&head);
    let Some(branch) = head.strip_prefix("ref:").map(str::trim) else { return Ok(true) };
    if root.status(Path::new(branch))?.is_some() {
        return Ok(true);
    }
    let packed = root.read(Path::new("packed-refs"), PACKED_LIMIT)?.unwrap_or_default();
    let is_cut = packed.len() as u64 >= PACKED_LIMIT;
    Ok(is_cut
        || String::from_utf8_lossy(&packed)
            .lines()
            .any(|line| line.split_once(' ').is_some_and(|(_, name)| name == branch)))
}
