//! A repository of the user's that git of this machine works in: claimed for as long as that lasts, so that no agent gets
//! a folder of it meanwhile. Whoever wants another folder does not wait.
//!
//! Invariant: a repository is claimed, and a folder is promised to a sandbox, under the lock of the list of sandboxes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::super::receipt::{Receipt, State};
use super::super::state::StateError;
use super::{Context, SessionError};
use crate::host::file;
use crate::host::lock::Lock;

/// Says which repository it is, in the state folder of the sandbox that it is for.
const CLAIM: &str = "repository";
/// Most bytes of it.
const CLAIM_LIMIT: u64 = 64 << 10;
/// How often a claim is looked at again.
const RETRY: Duration = Duration::from_millis(20);
/// How often without a word: for a second.
const PATIENCE: u32 = 50;

/// A repository that no agent changes as long as this value lives.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _lock: Lock,
}

impl Drop for Claim {
    fn drop(&mut self) {
        // One that stays is held by nobody, and says nothing.
        let _ = file::remove(&self.path);
    }
}

/// Claims a repository for a sandbox, whose lock the caller holds.
///
/// # Errors
/// Another sandbox has files of it mounted.
pub(super) async fn claim(context: &Context, id: &str, repository: &str) -> Result<Claim, SessionError> {
    let _shared = context.state.lock().await?;
    if let Some(other) = overlapping(&context.state.receipts()?, id, repository) {
        let Receipt { name, workspace: folder, .. } = other.clone();
        return Err(SessionError::Overlap { mount: repository.to_owned(), folder, name });
    }
    let path = context.state.sandbox(id).join(CLAIM);
    // What is written takes the place of the file, so that it is locked afterwards.
    file::write(&path, repository.as_bytes(), 0o600)?;
    let lock = Lock::take(&path, || format!("the repository of `{repository}`")).await.map_err(StateError::from)?;
    Ok(Claim { path, _lock: lock })
}

/// Takes the lock of the list of sandboxes, once git works in no repository that an agent with this folder could change.
///
/// # Errors
/// A lock or a claim cannot be used.
pub(super) async fn lock_beside(context: &Context, mount: Option<&str>) -> Result<Lock, SessionError> {
    let mut tries = 0_u32;
    loop {
        let lock = context.state.lock().await?;
        let Some(repository) = mount.map(|mount| claimed(context, mount)).transpose()?.flatten() else {
            return Ok(lock);
        };
        drop(lock);
        if tries == PATIENCE {
            tracing::warn!("waiting for another cloister, whose git works in the repository of `{repository}`");
        }
        tries = tries.saturating_add(1);
        sleep(RETRY).await;
    }
}

/// Returns a repository that is claimed and shares files with a folder.
fn claimed(context: &Context, mount: &str) -> Result<Option<String>, SessionError> {
    for id in context.state.with_file(CLAIM)? {
        let path = context.state.sandbox(&id).join(CLAIM);
        // What a killed program left is held by nobody.
        if !Lock::is_held(&path).map_err(StateError::from)? {
            continue;
        }
        match file::read_text(&path, CLAIM_LIMIT) {
            // It ended just now.
            Err(error) if error.is_absent() => {}
            found => {
                let repository = found?;
                if shares(&repository, mount) {
                    return Ok(Some(repository));
                }
            }
        }
    }
    Ok(None)
}

/// Returns another sandbox whose agent could replace what lies in this mount, or the mount itself.
pub(super) fn overlapping<'a>(receipts: &'a [Receipt], id: &str, mount: &str) -> Option<&'a Receipt> {
    let mut others = receipts.iter().filter(|other| other.id != id && other.state != State::Stopped);
    others.find(|other| other.mount.as_deref().is_some_and(|other| shares(other, mount)))
}

/// Whether one folder lies in the other.
fn shares(one: &str, other: &str) -> bool {
    lies_in(one, other) || lies_in(other, one)
}

/// Whether a folder is another one or lies in it, by name or as the same folder under another name: a bind mount.
fn lies_in(inner: &str, outer: &str) -> bool {
    let identity = |path: &Path| rustix::fs::stat(path).ok().map(|found| (found.st_dev, found.st_ino));
    let (inner, outer) = (Path::new(inner), Path::new(outer));
    let same = |place: (u64, u64)| inner.ancestors().any(|above| identity(above) == Some(place));
    inner.starts_with(outer) || identity(outer).is_some_and(same)
}

#[cfg(test)]
mod tests;
