#![expect(clippy::disallowed_methods, reason = "adapter: a thread that gets entries on disk")]
//! The log as the control plane holds it: entries go into the file at once, and together on disk.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::event::Entry;
use super::folder::FolderError;
use super::writer::Writer;
use crate::host::lock::{Lock, LockError};
use crate::host::paths::PathsError;

/// For how long entries are gathered before they go to disk together.
pub const GROUP: Duration = Duration::from_millis(25);
/// How often it is tried to get on disk what did not get there.
const RETRY: Duration = Duration::from_millis(500);

/// How large the log gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of a file before the next one begins.
    pub file: u64,
    /// Files that are kept, at least 1; the oldest go when there are more.
    pub files: usize,
}

impl Default for Sizes {
    /// A gigabyte: some million requests.
    fn default() -> Self {
        Self { file: 16 << 20, files: 64 }
    }
}

/// The log cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Its folder cannot be used.
    #[error(transparent)]
    Private(#[from] PathsError),
    /// Its lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another process writes it.
    #[error("another process writes the audit log in `{path}`")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file of it cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An entry could not be written, or an earlier one did not get on disk: nothing is taken until it works again.
    #[error("could not write the audit log in `{path}`")]
    Closed {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
}

impl LogError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Private(error) => error.hint(),
            Self::Folder(error) => error.hint(),
            Self::Lock(_) => None,
            Self::Busy { .. } => Some("run `cloister shutdown`, then try again".to_owned()),
            Self::Closed { path, source } if source.kind() == io::ErrorKind::StorageFull => Some(format!(
                "make room on the disk of `{}`; until then no sandbox gets a new connection",
                path.display()
            )),
            Self::Closed { .. } => Some("until it can be written again, no sandbox gets a new connection".to_owned()),
        }
    }
}

/// The log, held by the one process that writes it. Once it is dropped, everything is on disk, if the disk takes it.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    _lock: Lock,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    writer: Writer,
    is_over: bool,
}

impl Log {
    /// Opens the log in a folder, or begins it. A torn line at its end is cut off.
    ///
    /// # Errors
    /// The folder or a file in it is not this user's alone, cannot be used, or another process writes it.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        Self::open_sized(folder, Sizes::default())
    }

    /// Opens the log as [`Log::open`] does, with sizes of its own.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_sized(folder: &Path, sizes: Sizes) -> Result<Self, LogError> {
        crate::host::paths::private(folder)?;
        let busy = || LogError::Busy { path: folder.into() };
        let lock = Lock::try_take(&folder.join("lock"))?.ok_or_else(busy)?;
        let mut writer = Writer::open(folder, sizes)?;
        let closed = |source| LogError::Closed { path: folder.into(), source: Arc::new(source) };
        writer.take_due().sync().map_err(closed)?;
        let state = Mutex::new(State { writer, is_over: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let syncing = Arc::clone(&shared);
        let thread = std::thread::spawn(move || syncing.keep_on_disk());
        Ok(Self { path: folder.into(), shared, thread: Some(thread), _lock: lock })
    }

    /// Writes entries, all or none, and returns their numbers: they survive the end of this process at once, and the end of
    /// the machine within [`GROUP`] and the time of a sync. What the log has of a guardian already is left out; events of
    /// a guardian that should have come before are written as a gap. Waits for no disk.
    ///
    /// # Errors
    /// The entries cannot be written, or earlier ones did not get on disk.
    pub fn append(&self, entries: Vec<Entry>) -> Result<Range<u64>, LogError> {
        let numbers = self.shared.lock().writer.append(entries);
        self.shared.changed.notify_all();
        numbers.map_err(|source| LogError::Closed { path: self.path.clone(), source })
    }

    /// Returns the number of the last event of a life of a guardian that the log has; 0 for none.
    pub fn last_guardian_event(&self, epoch: &str) -> u64 {
        self.shared.lock().writer.last_guardian_event(epoch)
    }

    /// Returns why nothing is taken, where nothing is because earlier entries did not get on disk.
    pub fn trouble(&self) -> Option<LogError> {
        let source = self.shared.lock().writer.trouble()?;
        Some(LogError::Closed { path: self.path.clone(), source })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
        // A thread that panicked has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the condition does not hold any more, for at most so long.
    fn wait<'a>(&self, state: MutexGuard<'a, State>, longest: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, longest, |state| !state.is_over);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn keep_on_disk(&self) {
        let mut state = self.lock();
        loop {
            let idle = |state: &mut State| !state.is_over && !state.writer.is_due();
            state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
            let in_trouble = state.writer.trouble().is_some();
            state = self.wait(state, if in_trouble { RETRY } else { GROUP });
            let was_over = state.is_over;
            let due = state.writer.take_due();
            // Those who append go on; in trouble they are refused.
            drop(state);
            let done = if in_trouble { due.rewrite() } else { due.sync() };
            state = self.lock();
            match done {
                Ok(()) if in_trouble => state.writer.reopen(),
                Ok(()) => {}
                Err(error) => state.writer.close(due, error),
            }
            if was_over {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
