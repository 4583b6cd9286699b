//! The clone that a sandbox works on: made at its first start, kept between its lives, and looked at before it stops.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use bollard::query_parameters::RemoveVolumeOptions;

use super::super::clone::{self, CloneError};
use super::super::connect::Operation;
use super::super::receipt::Receipt;
use super::claim::claim;
use super::life::Life;
use super::{Context, SessionError, gc};
use crate::clone::{Clone, origin};
use crate::host::repository::{Head, Repository, Terms};
use crate::plan::Plan;
use crate::plan::model::Cloned;

/// What a clone is made from.
pub(super) struct Seed {
    bundle: File,
    head: Head,
    origin: Option<String>,
    clone: Clone,
    /// How much of the folder is no part of it, where git says so.
    pub(super) uncommitted: Option<u64>,
}

/// Reads the repository for a clone that is to be made; `None` where the plan has none, or it is there already.
pub(super) async fn seed(context: &Context, plan: &Plan, receipt: &mut Receipt) -> Result<Option<Seed>, SessionError> {
    let Some(planned) = &plan.workspace.clone else { return Ok(None) };
    let volumes = gc::volumes(context, &receipt.id).await?;
    let is_there = volumes.contains(&planned.volume);
    if let Some(known) = receipt.clone.as_mut().filter(|known| known.volume == planned.volume) {
        if is_there {
            known.left = None;
            return Ok(None);
        }
        tracing::warn!("the clone of `{}` is gone, because its volume was removed; it is made anew", known.repository);
    }
    receipt.clone = None;
    if is_there {
        // A start that was cut off left a part of it, which no agent has seen.
        let removed = context.engine.docker.remove_volume(&planned.volume, None::<RemoveVolumeOptions>).await;
        removed.unless_absent(|| format!("remove the volume `{}`", planned.volume))?;
    }
    let user = plan.containers.first().map(|container| container.user.as_str()).unwrap_or_default();
    Ok(Some(read(context, planned, receipt, owner(user)).await?))
}

async fn read(context: &Context, planned: &Cloned, receipt: &Receipt, owner: (u32, u32)) -> Result<Seed, SessionError> {
    // Nobody's agent changes the repository while git is in it.
    let _claim = claim(context, &receipt.id, &planned.repository).await?;
    let repository = Path::new(&planned.repository);
    let repository = Repository::open(repository, owner, Terms::default()).await.map_err(CloneError::from)?;
    let read = async {
        let head = repository.head().await?;
        let origin = repository.origin().await?.as_deref().and_then(origin::public);
        let mut known = repository.commits().await?;
        known.insert(head.commit.clone());
        let mut bundle = clone::nameless(&context.paths.cache)?;
        let writing = bundle.try_clone().map_err(CloneError::File)?;
        repository.bundle(writing, origin.is_some()).await?;
        bundle.seek(SeekFrom::Start(0)).map_err(CloneError::File)?;
        let uncommitted = repository.uncommitted(&head).await;
        let Cloned { repository, volume } = planned.clone();
        let clone = Clone { repository, volume, known, left: None };
        Ok::<_, CloneError>(Seed { bundle, head, origin, clone, uncommitted })
    };
    Ok(read.await?)
}

/// Makes the clone in a sandbox that runs and in which nothing of the project ran yet.
pub(super) async fn plant(
    context: &Context,
    plan: &Plan,
    receipt: &mut Receipt,
    seed: Option<Seed>,
) -> Result<(), SessionError> {
    let Some(Seed { bundle, head, origin, clone, .. }) = seed else { return Ok(()) };
    let target = &plan.workspace.target;
    clone::plant(&context.engine, receipt, target, bundle, (&head, origin.as_deref())).await?;
    receipt.clone = Some(clone);
    Ok(context.state.save(receipt)?)
}

/// Returns the clone that a sandbox works on, with its place inside; `None` where it works on the folder itself.
pub(super) fn of(context: &Context, receipt: &Receipt) -> Option<(Clone, String)> {
    let clone = receipt.clone.clone().filter(|_| receipt.mount.is_none())?;
    let plan = context.state.load_plan(&receipt.id).ok()?;
    let is_its = plan["workspace"]["clone"]["volume"].as_str() == Some(&clone.volume);
    let target = plan["workspace"]["target"].as_str()?.to_owned();
    is_its.then_some((clone, target))
}

/// Asks a sandbox that runs what is in its clone alone, for when it is stopped; `None` where it has none or does not run.
pub(super) async fn look(context: &Context, receipt: &Receipt) -> Option<Clone> {
    let (mut clone, target) = of(context, receipt)?;
    if context.life(receipt).await.ok()? != Life::Runs {
        return None;
    }
    clone.left = clone::look(&context.engine, receipt, &target, &clone.known).await;
    Some(clone)
}

/// Reads `uid:gid`.
pub(super) fn owner(user: &str) -> (u32, u32) {
    let (uid, gid) = user.split_once(':').unwrap_or((user, ""));
    (uid.parse().unwrap_or(u32::MAX), gid.parse().unwrap_or(u32::MAX))
}

/// Commits that a repository is known to have, with those that came.
pub(super) fn knowing(known: BTreeSet<String>, ids: impl Iterator<Item = String>) -> BTreeSet<String> {
    known.into_iter().chain(ids).collect()
}
