#![expect(clippy::disallowed_methods, reason = "adapter: the state folder")]
//! Who waits for a process inside: a locked file for as long as its cloister lives. What nobody waits for any more, since
//! its cloister was killed, is ended by the next command.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::sleep;

use super::connect::Engine;
use super::exec::{self, ExecError};
use super::receipt::Receipt;
use super::state::StateFolder;
use crate::host::file;
use crate::host::lock::Lock;
use crate::host::paths;
use crate::host::random::{self, RandomError};
use crate::host::tree;

/// Time to end in after a hang-up.
const GRACE: Duration = Duration::from_millis(500);

/// A process that somebody waits for.
#[derive(Debug)]
pub(crate) struct Lease {
    /// By what its processes are found inside.
    pub(crate) mark: String,
    path: PathBuf,
    /// On a full disk there may be none, and the process runs all the same.
    _lock: Option<Lock>,
}

impl Lease {
    /// Says that somebody is about to wait for a process in a sandbox.
    ///
    /// # Errors
    /// The kernel gave no randomness.
    pub(crate) fn take(state: &StateFolder, id: &str) -> Result<Self, RandomError> {
        let mark = random::mark()?;
        let folder = folder(state, id);
        let path = folder.join(&mark);
        let lock = paths::private(&folder).ok().and_then(|()| Lock::try_take(&path).ok().flatten());
        Ok(Self { mark, path, _lock: lock })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The next command removes what cannot be removed now.
        let _ = file::remove(&self.path);
    }
}

fn folder(state: &StateFolder, id: &str) -> PathBuf {
    state.sandbox(id).join("commands")
}

/// Forgets every process of a sandbox whose container is gone.
pub(crate) fn forget(state: &StateFolder, id: &str) {
    // What stays names no process, and goes with the sandbox's folder.
    let _ = tree::remove(&folder(state, id));
}

/// A process that nobody waits for any more.
#[derive(Debug)]
pub(crate) struct Orphan {
    mark: String,
    path: PathBuf,
    _lock: Lock,
}

/// Returns the processes of a sandbox that nobody waits for any more.
pub(crate) fn orphans(state: &StateFolder, id: &str) -> Vec<Orphan> {
    let Ok(entries) = std::fs::read_dir(folder(state, id)) else { return Vec::new() };
    let orphan = |entry: std::fs::DirEntry| {
        // Whoever holds the lock waits.
        let lock = Lock::try_take(&entry.path()).ok().flatten()?;
        Some(Orphan { mark: entry.file_name().to_string_lossy().into_owned(), path: entry.path(), _lock: lock })
    };
    entries.flatten().filter_map(orphan).collect()
}

/// Ends such a process in a sandbox that runs: by hanging up, and after a moment by force.
///
/// # Errors
/// The engine does not do it.
pub(crate) async fn end(engine: &Engine, receipt: &Receipt, orphan: Orphan) -> Result<(), ExecError> {
    let container = receipt.container.as_deref().unwrap_or_default();
    let signal = |name| exec::signal(engine, container, &receipt.process.user, &orphan.mark, name);
    if signal("HUP").await? {
        sleep(GRACE).await;
        signal("KILL").await?;
    }
    // Found again, it names nothing.
    let _ = file::remove(&orphan.path);
    Ok(())
}
