#![expect(clippy::disallowed_methods, reason = "adapter: looks for `.git`, asks for owners")]
//! The folder that is mounted: the repository around the opened folder, as the reference does, found without git.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Returns the nearest folder upwards that holds `.git`; the folder itself where that would be the user's home, a folder
/// around it, `/`, or a folder of another user, who could put a `.git` there to get everything in it mounted.
pub(super) fn around(folder: &Path, home: Option<&Path>) -> PathBuf {
    let nearest = folder.ancestors().find(|ancestor| ancestor.join(".git").symlink_metadata().is_ok());
    let home = home.and_then(|home| home.canonicalize().ok());
    match nearest {
        Some(root) if is_usable(root, folder, home.as_deref()) => root.to_owned(),
        _ => folder.to_owned(),
    }
}

fn is_usable(root: &Path, folder: &Path, home: Option<&Path>) -> bool {
    let holds_home = home.is_some_and(|home| home.starts_with(root));
    let owner = |path: &Path| path.symlink_metadata().map(|data| data.uid()).ok();
    let same_owner = owner(root) == owner(folder) && owner(&root.join(".git")) == owner(folder);
    root.parent().is_some() && !holds_home && same_owner
}
