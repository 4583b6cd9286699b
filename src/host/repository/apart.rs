#![expect(clippy::disallowed_methods, reason = "adapter: a folder in the user's repository")]
//! Objects that came, in a folder of their own beside the repository's: git finds them there when it is told to, and a
//! repository that does not take them is as it was.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::host::lock::Lock;
use crate::host::tree;

/// git's own name for such a folder: `git prune` removes one that a killed program left, and so does the next pull.
const PREFIX: &str = "tmp_objdir-cloister-";
/// Parts of a pack, in the order that they may be seen in: what has an index is complete.
const PARTS: [&str; 3] = ["pack", "rev", "idx"];

/// Such a folder, which goes with this value.
#[derive(Debug)]
pub(super) struct Apart {
    folder: TempDir,
    /// Tells others that it is not left by anybody; `None` where the file system locks no folders.
    _lock: Option<Lock>,
}

impl Apart {
    /// Makes it among the objects, for their owner.
    pub(super) fn new(objects: &Path, (uid, gid): (u32, u32)) -> io::Result<Self> {
        let (folder, lock) = locked(objects)?;
        let packs = folder.path().join("pack");
        std::fs::create_dir(&packs)?;
        if rustix::process::geteuid().is_root() {
            for path in [folder.path(), &packs] {
                std::os::unix::fs::chown(path, Some(uid), Some(gid))?;
            }
        }
        Ok(Self { folder, _lock: lock })
    }

    /// Removes such folders that killed programs left: those that nobody holds the lock of. What cannot be locked or
    /// removed stays, for `git prune`.
    pub(super) fn sweep(objects: &Path) {
        let Ok(entries) = std::fs::read_dir(objects) else { return };
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
            if let Ok(Some(_lock)) = Lock::try_take_folder(&entry.path())
                && let Err(error) = tree::remove(&entry.path())
            {
                tracing::debug!("{error}");
            }
        }
    }

    /// What makes git write here, and read there as well.
    pub(super) fn environment(&self, objects: &Path) -> [(&'static str, OsString); 2] {
        let quoted = objects.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        let alternates = OsString::from(format!("\"{quoted}\""));
        [("GIT_OBJECT_DIRECTORY", self.folder.path().into()), ("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates)]
    }

    /// Moves the packs to the others.
    pub(super) fn admit(self, objects: &Path) -> io::Result<()> {
        let names: Vec<OsString> = std::fs::read_dir(self.folder.path().join("pack"))?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<_>>()?;
        for part in PARTS {
            for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == part)) {
                std::fs::rename(self.folder.path().join("pack").join(name), objects.join("pack").join(name))?;
            }
        }
        self.folder.close()
    }
}

/// Makes an empty one. Whoever sweeps may take it for left over until it is locked.
fn locked(objects: &Path) -> io::Result<(TempDir, Option<Lock>)> {
    loop {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(objects)?;
        match Lock::try_take_folder(folder.path()) {
            Ok(Some(lock)) => return Ok((folder, Some(lock))),
            Err(_) if folder.path().is_dir() => return Ok((folder, None)),
            Ok(None) | Err(_) => {}
        }
    }
}
