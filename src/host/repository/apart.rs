#![expect(clippy::disallowed_methods, reason = "adapter: a folder in the user's repository")]
//! Objects that came, in a folder of their own beside the repository's: git finds them there when it is told to, and a
//! repository that does not take them is as it was.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// git's own name for such a folder: `git prune` removes one that a killed program left.
const PREFIX: &str = "tmp_objdir-cloister-";
/// Parts of a pack, in the order that they may be seen in: what has an index is complete.
const PARTS: [&str; 3] = ["pack", "rev", "idx"];

/// Such a folder, which goes with this value.
#[derive(Debug)]
pub(super) struct Apart(TempDir);

impl Apart {
    /// Makes it among the objects, for their owner.
    pub(super) fn new(objects: &Path, (uid, gid): (u32, u32)) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(objects)?;
        let packs = folder.path().join("pack");
        std::fs::create_dir(&packs)?;
        if rustix::process::geteuid().is_root() {
            for path in [folder.path(), &packs] {
                std::os::unix::fs::chown(path, Some(uid), Some(gid))?;
            }
        }
        Ok(Self(folder))
    }

    /// What makes git write here, and read there as well.
    pub(super) fn environment(&self, objects: &Path) -> [(&'static str, OsString); 2] {
        let quoted = objects.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
        let alternates = OsString::from(format!("\"{quoted}\""));
        [("GIT_OBJECT_DIRECTORY", self.0.path().into()), ("GIT_ALTERNATE_OBJECT_DIRECTORIES", alternates)]
    }

    /// Moves the packs to the others.
    pub(super) fn admit(self, objects: &Path) -> io::Result<()> {
        let names: Vec<OsString> = std::fs::read_dir(self.0.path().join("pack"))?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<_>>()?;
        for part in PARTS {
            for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == part)) {
                std::fs::rename(self.0.path().join("pack").join(name), objects.join("pack").join(name))?;
            }
        }
        self.0.close()
    }
}
