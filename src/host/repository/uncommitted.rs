#![expect(clippy::disallowed_methods, reason = "adapter: a repository beside the user's, for git to look from")]
//! How much of a folder is not in what is checked out.
//!
//! Invariant: git looks from a repository of our own, that has no configuration and borrows objects and index. What the
//! folder's attributes name, filters above all, is defined nowhere, so nothing runs; submodules are not entered; nothing
//! is written to the user's repository.

use std::io;
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::{Head, Repository};

/// A number is not worth more.
const PATIENCE: Duration = Duration::from_secs(5);
/// Entries that git lists: changed, added, removed, and what it does not know; a folder of that is one.
const STATUS: [&str; 6] =
    ["status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all", "--untracked-files=normal"];
/// What a repository's own configuration may say, or is kept where ours has nothing.
const SETTINGS: [&str; 3] = ["core.fileMode=false", "core.untrackedCache=false", "core.attributesFile=/dev/null"];

impl Repository {
    /// Counts what of the folder is not committed; `None` where git does not say so in time.
    pub async fn uncommitted(&self, head: &Head) -> Option<u64> {
        let beside = beside(head, self.owner).ok()?;
        let path = |name: &str| self.path.join(name).into_os_string();
        let looking = Self {
            path: beside.path().into(),
            owner: self.owner,
            terms: self.terms.clone(),
            added: vec![
                ("GIT_OBJECT_DIRECTORY", path("objects")),
                ("GIT_INDEX_FILE", path("index")),
                ("GIT_WORK_TREE", self.path.parent()?.into()),
            ],
        };
        let excluded = format!("core.excludesFile={}", self.path.join("info/exclude").display());
        let settings = SETTINGS.into_iter().chain([excluded.as_str()]).flat_map(|setting| ["-c", setting]);
        let arguments: Vec<&str> = settings.chain(STATUS).collect();
        let listed = timeout(PATIENCE, looking.run(&arguments)).await.ok()?.ok()?;
        listed.status.success().then(|| listed.stdout.iter().filter(|byte| **byte == 0).count() as u64)
    }
}

/// Makes a repository at a commit that it does not have.
fn beside(head: &Head, (uid, gid): (u32, u32)) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("cloister-status-").tempdir()?;
    let place = |name: &str| folder.path().join(name);
    std::fs::create_dir(place("refs"))?;
    std::fs::write(place("HEAD"), format!("{}\n", head.commit))?;
    if rustix::process::geteuid().is_root() {
        for path in [folder.path(), &place("refs"), &place("HEAD")] as [&Path; 3] {
            chown(path, Some(uid), Some(gid))?;
        }
    }
    Ok(folder)
}
