//! What each sandbox may do now: the user's files as they were last when they could be read, and what was decided.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;

use crate::host::paths::Paths;
use crate::pipeline::approvals::Store as Approved;
use crate::pipeline::decisions::{Store, StoreError};
use crate::pipeline::layers::Watched;
use crate::pipeline::{self, PipelineError};
use crate::policy::decision::{Decision, DecisionId, Scope, Subject};
use crate::policy::effective::{Effective, counting};
use crate::trust::Domains;

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
            asked: BTreeMap::new(),
        }
    }

    /// Looks at the files about a folder; returns whether they are others than before. With a mistake in one of them,
    /// everything stays as it was.
    pub(super) fn look(&mut self, folder: &Path) -> Result<bool, PipelineError> {
        self.watched.look(folder)
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
