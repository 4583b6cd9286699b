#![expect(clippy::disallowed_methods, reason = "adapter: the working directory")]
//! Whose policy a command is about: the folder, by its name or by that of its sandbox. No engine is asked.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::plan::{failure, on_stderr};
use crate::engine::receipt::{Receipt, State};
use crate::engine::state::StateFolder;
use crate::host::identity::Identity;
use crate::host::paths::{self, Paths};
use crate::pipeline::approvals::Store;
use crate::pipeline::layers::Layers;
use crate::pipeline::{self, PipelineError, Request};
use crate::policy::effective::Effective;

/// A folder and the policy for it.
#[derive(Debug)]
pub(super) struct About {
    pub(super) paths: Paths,
    pub(super) uid: u32,
    pub(super) folder: PathBuf,
}

impl About {
    /// Returns what a name or a folder means; without one, the working directory.
    pub(super) fn of(named: Option<&str>) -> Result<Self, Failure> {
        let identity = Identity::current().map_err(|error| failure(&PipelineError::from(error), on_stderr()))?;
        let paths = Paths::of(&identity.home);
        let uid = identity.uid;
        let about = |folder| Self { paths: paths.clone(), uid, folder };
        let Some(named) = named else {
            return Ok(about(paths::folder(Path::new(".")).unwrap_or_default()));
        };
        let known = receipts(&paths, uid)?.into_iter();
        let found =
            known.filter(|receipt| receipt.name == named || receipt.id == named).map(|receipt| receipt.workspace);
        let folder = found.map(PathBuf::from).next().or_else(|| paths::folder(Path::new(named)));
        folder.map(about).ok_or_else(|| {
            Failure::message(format!("`{named}` is neither a sandbox nor a folder"))
                .hint(["`cloister list --all` shows the names"])
        })
    }

    /// Returns the policy that counts there now.
    pub(super) fn effective(&self) -> Result<(Effective, Layers), Failure> {
        let running = receipts(&self.paths, self.uid)?.into_iter();
        let mut running = running.filter(|receipt| receipt.state == State::Running);
        let own = running.find(|receipt| Path::new(&receipt.workspace) == self.folder);
        let asked = match &own {
            Some(receipt) => receipt.asked.clone(),
            None => self.asked(),
        };
        let asked = asked.and_then(|digest| Store::of(&self.paths.state, self.uid, &self.folder).asked(&digest));
        let subject = own.map(|receipt| receipt.subject());
        let (effective, layers) = pipeline::effective(&self.paths, self.uid, Some(&self.folder), subject)
            .map_err(|error| failure(&error, on_stderr()))?;
        Ok((effective.asked(asked.as_ref()), layers))
    }

    /// Returns what a start would open for the folder's repository; nothing where it could not start.
    fn asked(&self) -> Option<String> {
        let request = Request { folder: self.folder.clone(), config: None, root_workspace: false, clone: false };
        pipeline::prepare(&request).ok()?.policy.egress.asked
    }
}

/// Returns the receipts that there are; nothing is made where cloister never ran.
fn receipts(paths: &Paths, uid: u32) -> Result<Vec<Receipt>, Failure> {
    if !paths.state.join("sandboxes").is_dir() {
        return Ok(Vec::new());
    }
    let receipts = StateFolder::open(&paths.state, uid).and_then(|state| state.receipts());
    receipts.map_err(|error| Failure::new(&error).hint(error.hint()))
}
