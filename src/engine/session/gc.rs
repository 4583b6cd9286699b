//! What stopped sandboxes left, for good: volumes, home folders, what is known of them, images of
//! builds that no sandbox came of, and images of older guardians.
//!
//! Invariant: what runs, or starts, keeps everything; so does the workspace of every sandbox. A clone with something in it
//! that is nowhere else goes only where its sandbox is named.

use std::collections::HashMap;
use std::path::Path;

use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};
use rustix::io::Errno;

use super::super::connect::{CallError, Operation};
use super::super::guardian;
use super::super::images;
use super::super::names;
use super::super::receipt::{Receipt, State};
use super::build::Unstarted;
use super::{Context, SelectError, SessionError, build, clean, owner, select};
use crate::clone::{self, Clone};
use crate::host::tree;
use crate::pipeline::approvals::Store;

/// What one stopped sandbox left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Id of the sandbox.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The folder that it worked on, which stays.
    pub workspace: String,
    /// Whether that folder is gone, and what was approved for it goes as well.
    pub gone: bool,
    /// Names of its volumes.
    pub volumes: Vec<String>,
    /// Ids of the images that were built for it.
    pub images: Vec<String>,
    /// The clone that it worked on, which goes.
    pub clone: Option<Clone>,
}

impl Left {
    /// Whether commits or files may be in its clone that are nowhere else.
    fn loses(&self) -> bool {
        self.clone.as_ref().is_some_and(|clone| !clone.left.is_some_and(clone::Left::is_nothing))
    }
}

/// What can be removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Garbage {
    /// What stopped sandboxes left.
    pub sandboxes: Vec<Left>,
    /// Those that stay because nobody named them: what is in their clones may be nowhere else.
    pub kept: Vec<Left>,
    /// Images of builds whose sandbox never started.
    pub unstarted: Vec<Unstarted>,
    /// Images of older guardians.
    pub images: Vec<String>,
}

/// Finds what can be removed: of every stopped sandbox and of older guardians, or of the named sandboxes alone.
///
/// # Errors
/// A name is not known, its sandbox runs, or the engine does not answer.
pub async fn garbage(context: &Context, chosen: &[String]) -> Result<Garbage, SessionError> {
    clean::sweep(context, clean::Look::Each).await?;
    let mut garbage = Garbage::default();
    for name in chosen {
        let receipt = select(context, Some(name), &context.paths.data)?;
        if receipt.state != State::Stopped {
            return Err(SelectError::Runs { name: receipt.name }.into());
        }
        garbage.sandboxes.push(left(context, receipt).await?);
    }
    if chosen.is_empty() {
        remove_bare_locks(context)?;
        for receipt in context.state.receipts()?.into_iter().filter(|receipt| receipt.state == State::Stopped) {
            let left = left(context, receipt).await?;
            if left.loses() { garbage.kept.push(left) } else { garbage.sandboxes.push(left) }
        }
        garbage.unstarted = build::unstarted(context).await?;
        garbage.images = guardian::old_images(&context.engine, &context.programs, context.state.uid()).await?;
    }
    garbage.sandboxes.sort_by(|a, b| a.name.cmp(&b.name));
    garbage.sandboxes.dedup();
    Ok(garbage)
}

/// What came of a removal.
#[derive(Debug, Default)]
pub struct Collected {
    /// Names of the sandboxes of which nothing is left.
    pub removed: Vec<String>,
    /// Names of those that were started meanwhile, and stay.
    pub started: Vec<String>,
    /// How many images of builds whose sandbox never started are gone.
    pub unstarted: usize,
    /// Images of older guardians that are gone.
    pub images: Vec<String>,
    /// Those that something uses, which stay.
    pub used: Vec<String>,
    /// What was in the way of others: they can be removed later.
    pub failed: Vec<SessionError>,
}

/// Removes it. What cannot be removed does not keep the rest.
pub async fn collect(context: &Context, garbage: &Garbage) -> Collected {
    let mut collected = Collected::default();
    for sandbox in &garbage.sandboxes {
        match forget(context, &sandbox.id).await {
            Ok(true) => collected.removed.push(sandbox.name.clone()),
            Ok(false) => collected.started.push(sandbox.name.clone()),
            Err(error) => collected.failed.push(error),
        }
    }
    for unstarted in &garbage.unstarted {
        match build::forget(context, unstarted).await {
            Ok(true) => collected.unstarted += unstarted.images.len(),
            Ok(false) => collected.used.extend(unstarted.images.iter().cloned()),
            Err(error) => collected.failed.push(error),
        }
    }
    for image in &garbage.images {
        match images::remove(&context.engine, image).await {
            Ok(true) => collected.images.push(image.clone()),
            Ok(false) => collected.used.push(image.clone()),
            Err(error) => collected.failed.push(error.into()),
        }
    }
    collected
}

/// Removes state folders that hold a lock and nothing else: nobody loses anything by that.
fn remove_bare_locks(context: &Context) -> Result<(), SessionError> {
    for id in context.state.bare()? {
        // Whoever holds the lock is at work on it, and may have written something meanwhile.
        let Some(_lock) = context.state.try_lock_sandbox(&id)? else { continue };
        if context.state.bare()?.contains(&id) {
            tree::remove(&context.state.sandbox(&id))?;
        }
    }
    Ok(())
}

async fn left(context: &Context, receipt: Receipt) -> Result<Left, CallError> {
    let volumes = volumes(context, &receipt.id).await?;
    let clone = receipt.clone.filter(|clone| volumes.contains(&clone.volume));
    let images = build::images(context, &receipt.id, false).await?.into_iter().collect();
    let gone = is_gone(&receipt.workspace);
    Ok(Left { id: receipt.id, name: receipt.name, workspace: receipt.workspace, gone, volumes, images, clone })
}

fn is_gone(workspace: &str) -> bool {
    matches!(rustix::fs::lstat(workspace), Err(Errno::NOENT))
}

/// Returns the volumes that carry the labels of this state folder's sandbox.
pub(super) async fn volumes(context: &Context, id: &str) -> Result<Vec<String>, CallError> {
    let filters: HashMap<_, _> = [("label", owner::labels(context, id))].into();
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let found = context.engine.docker.list_volumes(Some(options)).await.operation(|| "list the volumes".to_owned())?;
    let mut volumes: Vec<_> = found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect();
    volumes.sort();
    Ok(volumes)
}

async fn forget(context: &Context, id: &str) -> Result<bool, SessionError> {
    // Whoever holds the lock is at work on it.
    let Some(_lock) = context.state.try_lock_sandbox(id)? else { return Ok(false) };
    let Some(receipt) = context.state.load(id)?.filter(|receipt| receipt.state == State::Stopped) else {
        return Ok(false);
    };
    if clean::held(context).await?.contains(id) {
        return Ok(false);
    }
    for volume in volumes(context, id).await? {
        let removed = context.engine.docker.remove_volume(&volume, None::<RemoveVolumeOptions>).await;
        removed.unless_absent(|| format!("remove the volume `{volume}`"))?;
    }
    let mut images: Vec<String> = build::images(context, id, false).await?.into_iter().collect();
    // What the set-up phase left was made from one of the others, which stays as long as it is there.
    let name = names::setup(id);
    let last = context.engine.docker.inspect_image(&name).await.unless_absent(|| format!("inspect `{name}`"))?;
    let last = last.and_then(|image| image.id);
    images.sort_by_key(|image| Some(image) != last.as_ref());
    for image in images {
        images::remove(&context.engine, &image).await?;
    }
    tree::remove(&context.paths.data.join("homes").join(id))?;
    if is_gone(&receipt.workspace) {
        Store::of(&context.paths.state, context.state.uid(), Path::new(&receipt.workspace)).forget()?;
    }
    tree::remove(&context.state.sandbox(id))?;
    Ok(true)
}
