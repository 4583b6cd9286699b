//! What each sandbox may do now: the user's files as they were last when they could be read, and what was decided.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;

use crate::control::protocol::Mistake;
use crate::diagnostic::Level;
use crate::host::paths::Paths;
use crate::pipeline::approvals::Store as Approved;
use crate::pipeline::decisions::{Store, StoreError};
use crate::pipeline::layers::Watched;
use crate::pipeline::{self, PipelineError};
use crate::policy::decision::{Decision, DecisionId, Scope, Subject};
use crate::policy::effective::{Effective, counting};
use crate::source::Location;
use crate::trust::Domains;
use crate::ui::causes;

/// Mistakes of one file that are told of.
const MISTAKES: usize = 5;

/// The user's files, and the decisions.
#[derive(Debug)]
pub(super) struct Policies {
    watched: Watched,
    store: Store,
    decisions: Vec<Decision>,
    /// Whether every file of decisions could be read, now or before: what is not known could deny something.
    is_whole: bool,
    state: PathBuf,
    uid: u32,
    /// What is wrong with the files about each folder.
    mistakes: BTreeMap<PathBuf, Vec<(String, String)>>,
    /// When the files about each folder were read well last.
    read: BTreeMap<PathBuf, u64>,
    /// Hosts that repositories asked for and the user approved, by sandbox.
    asked: BTreeMap<String, Domains>,
}

impl Policies {
    /// Reads what was decided; of the user's files nothing yet.
    pub(super) fn of_files(paths: &Paths, uid: u32) -> Self {
        let mut store = Store::of(&paths.config, &paths.state, uid);
        let loaded = store.load();
        for error in &loaded.broken {
            tracing::warn!("nothing is allowed before this is mended: {error}");
        }
        let is_whole = loaded.is_whole();
        Self {
            watched: Watched::of(&paths.config, uid),
            store,
            decisions: loaded.decisions,
            is_whole,
            state: paths.state.clone(),
            uid,
            mistakes: BTreeMap::new(),
            read: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Looks at the files about a folder; returns whether they are others than before. With a mistake in one of them,
    /// everything stays as it was. `now` is in milliseconds since the Unix epoch.
    pub(super) fn look(&mut self, folder: &Path, now: u64) -> Result<bool, PipelineError> {
        let looked = self.watched.look(folder);
        match &looked {
            Ok(false) => {}
            Ok(true) => {
                self.mistakes.remove(folder);
                self.read.insert(folder.into(), now);
            }
            Err(error) => _ = self.mistakes.insert(folder.into(), mistakes(error)),
        }
        looked
    }

    /// Returns what is wrong with the files about these folders, each mistake once.
    pub(super) fn mistakes<'a>(&self, folders: impl Iterator<Item = &'a str>) -> Vec<Mistake> {
        let mut all = BTreeMap::new();
        for folder in folders.map(Path::new) {
            for told in self.mistakes.get(folder).into_iter().flatten() {
                // Of several folders the one that has the oldest policy tells of itself.
                let since = self.read.get(folder).copied();
                all.entry(told.clone())
                    .and_modify(|known: &mut Option<u64>| *known = since.min(*known))
                    .or_insert(since);
            }
        }
        all.into_iter().map(|((place, message), since)| Mistake { place, message, since }).collect()
    }

    /// Looks at what of the repository's request is approved still; returns whether that is something else than before.
    pub(super) fn look_at_asked(&mut self, subject: &Subject, digest: Option<&str>) -> bool {
        let store = Approved::of(&self.state, self.uid, Path::new(&subject.folder));
        let asked = digest.and_then(|digest| store.asked(digest));
        let before = match asked.clone() {
            Some(asked) => self.asked.insert(subject.sandbox.clone(), asked),
            None => self.asked.remove(&subject.sandbox),
        };
        before != asked
    }

    /// Returns what was decided.
    pub(super) fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// Takes what was decided, in place of what was before.
    pub(super) fn decide(&mut self, decisions: impl IntoIterator<Item = Decision>) {
        self.decisions = decisions.into_iter().collect();
    }

    /// Has a decision on disk.
    pub(super) async fn keep(&self, decision: &Decision) -> Result<(), StoreError> {
        self.store.keep(decision).await
    }

    /// Takes a decision off the disk.
    pub(super) async fn forget(&self, id: &DecisionId, scope: &Scope) -> Result<(), StoreError> {
        self.store.forget(id, scope).await
    }

    /// Returns what a sandbox may do at a time, in milliseconds since the Unix epoch; nothing before its files were read well.
    pub(super) fn of(&self, subject: &Subject, now: u64) -> Effective {
        if !self.is_whole {
            return Effective::closed();
        }
        let decisions = counting(&self.decisions, subject, now);
        let effective = self.watched.effective(Path::new(&subject.folder), decisions);
        // Files that could not be read yet open nothing, and could close something.
        let asked = self.asked.get(&subject.sandbox).filter(|_| self.watched.is_read(Path::new(&subject.folder)));
        effective.asked(asked)
    }

    /// Where networks of sandboxes are cut from.
    pub(super) fn pool(&self) -> Result<Ipv4Net, PipelineError> {
        Ok(pipeline::policy()?.network.pool)
    }
}

/// Returns place and message of each mistake that an error tells of.
fn mistakes(error: &PipelineError) -> Vec<(String, String)> {
    let PipelineError::Config { diagnostics, .. } = error else { return vec![(String::new(), causes::line(error))] };
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).take(MISTAKES);
    errors
        .map(|one| {
            let Location { file, line, column, .. } = &one.location;
            (format!("{file}:{line}:{column}"), one.message.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests;
