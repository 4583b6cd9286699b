//! Removing what a sandbox has in the engine, in an order that keeps it sealed to the end.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder,
};
use tokio::time::{sleep, timeout};

use super::super::build::BuildError;
use super::super::connect::{CallError, Operation};
use super::super::covers;
use super::super::facts::image;
use super::super::guardian;
use super::super::lease;
use super::super::names;
use super::super::network;
use super::super::receipt::{Receipt, State};
use super::life::Life;
use super::{Context, SessionError, build, owner, trial};
use crate::host::lock::Lock;

/// How often the engine is asked again while it removes a container.
const REMOVAL_TRIES: u32 = 100;
/// How long a lock is waited for before its holder may have made a container again.
const AGAIN: Duration = Duration::from_millis(100);

/// Removes a sandbox's container and network, and writes down that it is gone. The caller holds its lock.
pub(super) async fn remove(context: &Context, receipt: &mut Receipt) -> Result<(), SessionError> {
    remove_from_engine(context, &receipt.id).await?;
    // What another state folder's sandbox mounts on must stay for it.
    if owner::check(context, &[&names::container(&receipt.id)]).await.is_ok() {
        if let Some(mount) = &receipt.mount {
            covers::remove(Path::new(mount), &receipt.covers);
        }
        receipt.covers = Vec::new();
    }
    lease::forget(&context.state, &receipt.id);
    receipt.state = State::Stopped;
    receipt.container = None;
    receipt.started = None;
    receipt.endpoint = None;
    receipt.subnet = None;
    receipt.token = String::new();
    receipt.hooks_done = BTreeSet::new();
    Ok(context.state.save(receipt)?)
}

pub(super) async fn remove_from_engine(context: &Context, id: &str) -> Result<(), SessionError> {
    remove_container(context, &names::container(id)).await?;
    let _lock = context.state.lock().await?;
    // A guardian that does not answer loses the network all the same, and is replaced at the next start.
    let _ = guardian::withdraw(&context.engine, &context.state, id).await;
    Ok(network::remove(&context.engine, &names::container(id), &context.state.instance()).await?)
}

/// Returns the ids of sandboxes that the engine has something of, and whose receipt cannot be read.
pub(super) async fn unreadable(context: &Context) -> Result<Vec<String>, SessionError> {
    let unreadable = context.state.unreadable()?;
    let held = if unreadable.is_empty() { BTreeSet::new() } else { held(context).await? };
    Ok(unreadable.into_iter().filter(|id| held.contains(id)).collect())
}

/// Removes what the engine has of a sandbox whose receipt cannot be read.
pub(super) async fn remove_unreadable(context: &Context, id: &str) -> Result<(), SessionError> {
    let _lock = seize(context, id).await?;
    remove_from_engine(context, id).await
}

/// A sandbox that has no container, and is nobody else's to work on.
pub(super) struct Seized {
    /// Whether there was a container, or a build.
    pub(super) existed: bool,
    lock: Lock,
}

/// Removes a sandbox's container, and asks whoever builds for it to end, until nobody else holds its lock: who waits for
/// a process in the container ends then.
pub(super) async fn seize(context: &Context, id: &str) -> Result<Seized, SessionError> {
    let name = names::container(id);
    let state = &context.state;
    let (mut existed, mut asked) = (false, false);
    let mut locking = pin!(state.lock_sandbox(id));
    loop {
        existed |= remove_container(context, &name).await?;
        if let Ok(lock) = timeout(AGAIN, &mut locking).await {
            let lock = lock?;
            // Whoever obeys takes the question away.
            existed |= !state.take_end(id) && asked;
            return Ok(Seized { existed, lock });
        }
        existed |= asked && !state.is_end_wanted(id);
        asked = state.ask_for_end(id);
    }
}

/// Takes a sandbox's lock. For one that is made anew, nobody's process in the old one is waited for.
pub(super) async fn lock(context: &Context, id: &str, anew: bool) -> Result<Lock, SessionError> {
    if !anew {
        return Ok(context.state.lock_sandbox(id).await?);
    }
    match context.state.try_lock_sandbox(id)? {
        Some(lock) => Ok(lock),
        None => Ok(seize(context, id).await?.lock),
    }
}

/// Removes a container that was made under this state folder; returns whether it was there, and nobody else removed it.
pub(super) async fn remove_container(context: &Context, name: &str) -> Result<bool, CallError> {
    let inspected = context.engine.docker.inspect_container(name, None::<InspectContainerOptions>).await;
    let found = inspected.unless_absent(|| format!("inspect `{name}`"))?;
    match found.filter(|found| owner::is_own(context, found)).and_then(|container| container.id) {
        Some(id) => remove_by_id(context, &id, name).await,
        None => Ok(false),
    }
}

/// Removes a container whoever made it; `name` is what it is called in messages. Returns as [`remove_container`] does.
pub(super) async fn remove_by_id(context: &Context, id: &str, name: &str) -> Result<bool, CallError> {
    let mut existed = false;
    for _ in 0..REMOVAL_TRIES {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let removed = context.engine.docker.remove_container(id, Some(options)).await;
        match removed.unless_absent(|| format!("remove `{name}`")) {
            Ok(None) => break,
            // Removed, or somebody is at it: it is gone once the engine does not know it any more.
            Ok(Some(())) => existed = true,
            Err(error) if error.status() == Some(409) => sleep(Duration::from_millis(50)).await,
            Err(error) => return Err(error),
        }
    }
    Ok(existed)
}

/// How closely sandboxes that run are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// One list for all of them: what a start costs must not grow with sandboxes that nobody uses.
    Listed,
    /// Each by itself, so that one that was started again by somebody is found.
    Each,
}

/// Removes what a start that was killed left behind, and what is left of sandboxes whose container ended by itself.
pub(super) async fn sweep(context: &Context, look: Look) -> Result<(), SessionError> {
    build::sweep(context).await?;
    let Held { sandboxes: held, alive, looks, trial } = all_held(context).await?;
    // Whoever holds the lock tries the engine right now.
    if trial && let Some(_lock) = context.state.try_lock_trial()? {
        trial::remove(context).await?;
    }
    // Whoever holds the lock looks at an image right now.
    if !looks.is_empty()
        && let Some(_lock) = image::try_lock(&context.paths.cache).map_err(BuildError::from)?
    {
        for look in looks {
            remove_by_id(context, &look, &look).await?;
        }
    }
    for receipt in context.state.receipts()? {
        let is_alive = receipt.container.as_ref().is_some_and(|container| alive.contains(container));
        let settled = match look {
            Look::Listed if receipt.state == State::Running => is_alive,
            Look::Listed | Look::Each => is_settled(context, &held, &receipt).await?,
        };
        if settled {
            end_orphans(context, &receipt).await?;
            continue;
        }
        // Whoever holds the lock is at work on it.
        let Some(_lock) = context.state.try_lock_sandbox(&receipt.id)? else { continue };
        if let Some(mut receipt) = context.state.load(&receipt.id)?
            && !is_settled(context, &held, &receipt).await?
        {
            remove(context, &mut receipt).await?;
        }
    }
    Ok(())
}

/// Ends what cloisters that were killed left running in a sandbox.
async fn end_orphans(context: &Context, receipt: &Receipt) -> Result<(), SessionError> {
    let orphans = lease::orphans(&context.state, &receipt.id);
    if !orphans.is_empty() && context.life(receipt).await? == Life::Runs {
        for orphan in orphans {
            let ended = lease::end(&context.engine, receipt, orphan).await;
            // Somebody may stop the sandbox meanwhile, which ends everything in it.
            if context.life(receipt).await? == Life::Runs {
                ended?;
            }
        }
    }
    Ok(())
}

/// Tells whether the engine has of a sandbox what its receipt says. It may have something of one that is stopped: what
/// it made for a program that was killed, after others had cleaned up behind that.
async fn is_settled(context: &Context, held: &BTreeSet<String>, receipt: &Receipt) -> Result<bool, CallError> {
    match receipt.state {
        State::Running => Ok(context.life(receipt).await? != Life::Gone),
        State::Starting => Ok(false),
        State::Stopped => Ok(!held.contains(&receipt.id)),
    }
}

/// Returns the ids of this state folder's sandboxes that the engine has a container or a network of.
pub(super) async fn held(context: &Context) -> Result<BTreeSet<String>, CallError> {
    Ok(all_held(context).await?.sandboxes)
}

/// What the engine has of this user and state folder.
struct Held {
    /// Ids of sandboxes.
    sandboxes: BTreeSet<String>,
    /// Containers that run, or are paused.
    alive: BTreeSet<String>,
    /// Ids of containers that look at images' files for this user's cache.
    looks: Vec<String>,
    /// Whether there is something of a trial.
    trial: bool,
}

async fn all_held(context: &Context) -> Result<Held, CallError> {
    let label = format!("{}={}", names::USER, context.state.uid());
    let filters: HashMap<_, _> = [("label", vec![label.as_str(), names::SANDBOX])].into();
    let docker = &context.engine.docker;
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers = docker.list_containers(Some(options)).await.operation(|| "list the containers".to_owned())?;
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = docker.list_networks(Some(options)).await.operation(|| "list the networks".to_owned())?;
    let own = names::look_labels(&context.paths.cache, context.state.uid());
    let is_own = |container: &ContainerSummary| {
        container.labels.as_ref().and_then(|labels| labels.get(names::LOOK)) == own.get(names::LOOK)
    };
    let looks = containers.iter().filter(|one| is_own(one)).filter_map(|one| one.id.clone()).collect();
    let is_alive = |one: &&ContainerSummary| {
        matches!(one.state, Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::PAUSED))
    };
    let alive = containers.iter().filter(is_alive).filter_map(|one| one.id.clone()).collect();
    let containers = containers.into_iter().filter_map(|container| container.labels);
    let labels = containers.chain(networks.into_iter().filter_map(|network| network.labels));
    let instance = context.state.instance();
    let labels = labels.filter(|labels| names::is_of(&instance, Some(labels)));
    let mut trial = false;
    let ids = labels.filter_map(|mut labels| {
        trial |= labels.contains_key(names::TRIAL);
        labels.remove(names::SANDBOX)
    });
    let sandboxes = ids.filter(|id| !id.is_empty()).collect();
    Ok(Held { sandboxes, alive, looks, trial })
}
