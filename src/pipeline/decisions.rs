#![expect(clippy::disallowed_methods, reason = "adapter: the files of decisions")]
//! Decisions on disk. What lasts is among the user's own files: `CONFIG/decisions/global.json` and
//! `CONFIG/decisions/projects/ID.json`; what ends with a sandbox or a time is in the state folder: `STATE/decisions/ID.json`.
//!
//! Invariant: a file that is broken, or that somebody else could have written, allows nothing; what it denied when it was
//! read last goes on being denied.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::host::file::{self, FileError};
use crate::host::lock::{Lock, LockError};
use crate::host::paths::{self, PathsError};
use crate::ident::SandboxId;
use crate::policy::decision::{Decision, DecisionId, Scope, Verdict};
use crate::policy::decisions::{self, DecisionsError};
use crate::ui::text::quoted;

/// Most bytes of one file.
const LIMIT: u64 = 16 << 20;
/// Most decisions of one file: far more than a person makes.
const MOST: usize = 10_000;

/// Why decisions cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be used.
    #[error("could not use a file of decisions")]
    File(#[from] FileError),
    /// A folder cannot be used.
    #[error("could not use the folder of decisions")]
    Folder(#[from] PathsError),
    /// A folder cannot be listed.
    #[error("could not list `{path}`")]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Two programs at once cannot be kept apart.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Somebody else could have written it.
    #[error("`{path}` is not yours alone to write, so nothing in it is allowed")]
    Foreign {
        /// The file, or its folder.
        path: PathBuf,
    },
    /// It is broken.
    #[error("`{path}` cannot be read as decisions, so nothing in it is allowed")]
    Broken {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: DecisionsError,
    },
    /// It is full.
    #[error("`{path}` has {MOST} decisions already")]
    Full {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        let remove =
            |path: &Path| Some(format!("remove it, then decide again: rm {}", quoted(&path.to_string_lossy())));
        match self {
            Self::File(error) => remove(error.path()),
            Self::Broken { path, .. } => remove(path),
            Self::Foreign { path } => {
                Some(format!("make it yours alone, or remove it: chmod go-w {}", quoted(&path.to_string_lossy())))
            }
            Self::Full { .. } => Some("undo some of them: `cloister decisions`".to_owned()),
            Self::Folder(error) => error.hint(),
            Self::List { .. } | Self::Lock(_) => None,
        }
    }
}

/// Every decision on disk, and what is wrong with files that hold some.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The decisions, but for those of broken files.
    pub decisions: Vec<Decision>,
    /// Files that count for nothing, with the reason. With one of them, something may be denied that nobody knows of: who
    /// reads for the first time allows nothing ([`Loaded::is_whole`]).
    pub broken: Vec<StoreError>,
}

impl Loaded {
    /// Whether every file could be read.
    pub fn is_whole(&self) -> bool {
        self.broken.is_empty()
    }
}

/// The files.
#[derive(Debug, Clone)]
pub struct Store {
    lasting: PathBuf,
    passing: PathBuf,
    uid: u32,
    /// What each file denied when it could be read last.
    denied: BTreeMap<PathBuf, Vec<Decision>>,
}

impl Store {
    /// Returns the store below the user's folders; nothing is created.
    pub fn of(config: &Path, state: &Path, uid: u32) -> Self {
        Self { lasting: config.join("decisions"), passing: state.join("decisions"), uid, denied: BTreeMap::new() }
    }

    /// Reads every file. Of a file that broke since it was read last, the denials stay.
    pub fn load(&mut self) -> Loaded {
        let mut loaded = Loaded::default();
        let mut paths = vec![self.lasting.join("global.json")];
        for folder in [self.lasting.join("projects"), self.passing.clone()] {
            match files(&folder) {
                Ok(found) => paths.extend(found),
                Err(error) => loaded.broken.push(error),
            }
        }
        // a file that is gone denies nothing any more
        self.denied.retain(|path, _| paths.contains(path));
        for path in paths {
            match self.read(&path) {
                Ok(decisions) => {
                    let denying = decisions.iter().filter(|decision| decision.verdict == Verdict::Deny).cloned();
                    self.denied.insert(path, denying.collect());
                    loaded.decisions.extend(decisions);
                }
                Err(error) => {
                    loaded.decisions.extend(self.denied.get(&path).into_iter().flatten().cloned());
                    loaded.broken.push(error);
                }
            }
        }
        loaded
    }

    /// Writes a decision down; it is on disk when this returns.
    ///
    /// # Errors
    /// Its file is broken, full, or cannot be written; nothing changed.
    pub async fn keep(&self, decision: &Decision) -> Result<(), StoreError> {
        self.change(&decision.scope, |kept, path| {
            if kept.len() >= MOST {
                return Err(StoreError::Full { path: path.into() });
            }
            kept.retain(|other| other.id != decision.id);
            kept.push(decision.clone());
            Ok(())
        })
        .await
    }

    /// Takes a decision off the disk; it is fine if it is not there.
    ///
    /// # Errors
    /// Its file is broken, or cannot be written; nothing changed.
    pub async fn forget(&self, id: &DecisionId, scope: &Scope) -> Result<(), StoreError> {
        self.change(scope, |kept, _| {
            kept.retain(|other| other.id != *id);
            Ok(())
        })
        .await
    }

    /// Changes what a file holds, as it is on disk by then: two programs at once do not lose each other's decisions.
    async fn change(
        &self,
        scope: &Scope,
        change: impl FnOnce(&mut Vec<Decision>, &Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let path = self.path(scope);
        let folder = path.parent().unwrap_or(&self.lasting);
        if folder.starts_with(&self.lasting) {
            paths::private(&self.lasting)?;
        }
        paths::private(folder)?;
        let _lock = Lock::take(&folder.join("lock"), || "decisions".to_owned()).await?;
        let mut kept = self.read(&path)?;
        change(&mut kept, &path)?;
        if kept.is_empty() {
            return Ok(file::remove(&path)?);
        }
        Ok(file::write(&path, decisions::to_json(&kept).as_bytes(), 0o600)?)
    }

    fn read(&self, path: &Path) -> Result<Vec<Decision>, StoreError> {
        let bytes = match file::read(path, LIMIT) {
            Err(error) if error.is_absent() => return Ok(Vec::new()),
            found => found?,
        };
        let folder = path.parent().unwrap_or(path);
        if let Some(foreign) = [path, folder].into_iter().find(|path| !is_private(path)) {
            return Err(StoreError::Foreign { path: foreign.into() });
        }
        let belongs = |scope: &Scope| self.path(scope) == path;
        decisions::from_json(&bytes, belongs).map_err(|source| StoreError::Broken { path: path.into(), source })
    }

    /// The file of a scope.
    fn path(&self, scope: &Scope) -> PathBuf {
        match scope {
            Scope::Global => self.lasting.join("global.json"),
            Scope::Project { folder } => {
                let id = SandboxId::derive(self.uid, Path::new(folder));
                self.lasting.join("projects").join(format!("{}.json", id.as_str()))
            }
            Scope::Session { sandbox, .. } | Scope::Sandbox { sandbox } => {
                // an id has digits alone; anything else would be another file's name
                let plain: String = sandbox.chars().filter(char::is_ascii_alphanumeric).collect();
                self.passing.join(format!("{plain}.json"))
            }
        }
    }
}

/// Takes decisions back, on disk; returns them. Where a control plane runs, it is the one to be asked, since it has them in
/// force.
///
/// # Errors
/// One of the ids is unknown: then all of them stay. Or a file is broken, or cannot be written.
pub async fn undo(store: &mut Store, ids: &[DecisionId]) -> Result<Vec<Decision>, UndoError> {
    let decisions = store.load().decisions;
    let find = |id: &DecisionId| {
        decisions.iter().find(|decision| decision.id == *id).cloned().ok_or_else(|| UndoError::Unknown(id.clone()))
    };
    let undone = ids.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    for decision in &undone {
        store.forget(&decision.id, &decision.scope).await?;
    }
    Ok(undone)
}

/// Why decisions are not taken back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// Nobody knows it.
    #[error("there is no decision `{0}`, so none was undone")]
    Unknown(DecisionId),
    /// A file cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UndoError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(_) => Some("`cloister decisions` shows them".to_owned()),
            Self::Store(error) => error.hint(),
        }
    }
}

/// Returns the files of decisions in a folder; none where there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let list = |source| StoreError::List { path: folder.into(), source };
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(list)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(list)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether nobody but this user, or root, could have written it.
fn is_private(path: &Path) -> bool {
    let own = [0, rustix::process::geteuid().as_raw()];
    path.symlink_metadata().is_ok_and(|status| own.contains(&status.uid()) && status.mode() & 0o022 == 0)
}

#[cfg(test)]
mod tests;
