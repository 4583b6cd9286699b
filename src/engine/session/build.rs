//! The image of a project that builds one: known already, or built now, and nothing left of a build that ended early.
//!
//! Invariant: a marker in the sandbox's state folder is there before anything is made in the engine for a build.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder, ListImagesOptionsBuilder};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::super::apply::Audited;
use super::super::build::{self, Order};
use super::super::connect::{CallError, Operation};
use super::super::facts::{self, ImageError, Pull};
use super::super::guardian;
use super::super::images;
use super::super::names;
use super::super::network;
use super::life::Life;
use super::room::Room;
use super::{Context, SessionError, clean, owner, setup, start, wire};
use crate::facts::ImageFacts;
use crate::host::file;
use crate::host::signals::Signals;
use crate::host::tree;
use crate::ident::SandboxId;
use crate::plan::Plan;
use crate::policy::Policy;
use crate::source::Source;

/// Says that a build may have left something.
const MARKER: &str = "building.json";
/// What some engines call an image without a name.
const UNNAMED: &str = "<none>:<none>";
/// How often it is looked whether somebody asks for an end.
const LOOK: Duration = Duration::from_millis(50);
/// Most bytes of it.
const MARKER_LIMIT: u64 = 4 << 20;

/// What is to be built.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The plan, made without an image.
    pub plan: &'a Plan,
    /// The policy that it was made under.
    pub policy: &'a Policy,
    /// The folder that was opened, canonical.
    pub folder: &'a Path,
    /// The folder that is mounted, canonical.
    pub workspace: &'a Path,
    /// The Dockerfile that was judged.
    pub dockerfile: &'a Source,
    /// Whether a build is to run although nothing changed, or the sandbox runs.
    pub rebuild: bool,
}

/// What was there before a build.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    images: BTreeSet<String>,
}

/// Returns what is known of the project's image: the one that its sandbox runs with, the one that was built from the
/// same before, or a new one. Of two builds at once, the second waits and finds the image of the first.
///
/// # Errors
/// The image cannot be built.
pub async fn build(context: &Context, request: Build<'_>, signals: &mut Signals) -> Result<ImageFacts, SessionError> {
    let audited = Audited::new(request.plan, request.policy)?;
    let id = SandboxId::derive(context.state.uid(), request.folder);
    let _lock =
        start::until_interrupted(signals, start::swept_and_locked(context, id.as_str(), request.rebuild)).await?;
    if !request.rebuild
        && let Some(image) = image_of_running(context, id.as_str()).await?
    {
        return facts_of(context, &setup::base_of(context, id.as_str(), image)).await;
    }
    owner::check(context, &[&names::container(id.as_str()), &names::build(id.as_str())]).await?;
    owner::check_image(context, &names::build(id.as_str())).await?;
    // Whatever was asked before was asked of somebody else.
    context.state.take_end(id.as_str());
    let policy = wire::wire(request.policy)?;
    let order = Order {
        id: id.as_str(),
        folder: request.folder,
        workspace: request.workspace,
        dockerfile: request.dockerfile,
        policy: &policy,
    };
    let building = async {
        let prepared = build::prepare(context.bench(), audited, order).await?;
        if !request.rebuild
            && let Some(image) = prepared.known(context.bench()).await?
        {
            return Ok(image);
        }
        mark(context, id.as_str()).await?;
        let root = facts::root(&context.engine).await;
        let room = Room::at(context, root.as_deref(), None, request.policy.limits.free_space);
        room.check()?;
        Ok(room.while_enough(prepared.build(context.bench(), audited)).await??)
    };
    let built = start::until_interrupted(signals, until_stopped(context, id.as_str(), request.folder, building)).await;
    // What failed keeps its layers for the next attempt; what was cut off has no use for them.
    let ended_early =
        matches!(built, Err(SessionError::Interrupted | SessionError::Stopped { .. } | SessionError::Short(_)));
    let cleaning = clean_up(context, id.as_str(), ended_early);
    let cleaned = start::until_interrupted_again(signals, cleaning).await;
    let image = built.map_err(|error| start::telling(error, &cleaned))?;
    cleaned?;
    facts_of(context, &image).await
}

/// Builds until somebody stops the sandbox that it is for.
async fn until_stopped<T>(
    context: &Context,
    id: &str,
    folder: &Path,
    building: impl Future<Output = Result<T, SessionError>>,
) -> Result<T, SessionError> {
    let stopped = async {
        while !context.state.take_end(id) {
            sleep(LOOK).await;
        }
    };
    tokio::select! {
        built = building => built,
        () = stopped => Err(SessionError::Stopped { name: context.name(id, folder) }),
    }
}

async fn facts_of(context: &Context, image: &str) -> Result<ImageFacts, SessionError> {
    let facts = facts::image(&context.engine, image, Pull::Never, &context.paths.cache).await;
    facts.map_err(|error: ImageError| SessionError::Build(error.into()))
}

/// A sandbox that runs keeps its image, whatever its agent wrote into the workspace meanwhile.
async fn image_of_running(context: &Context, id: &str) -> Result<Option<String>, SessionError> {
    let Some(receipt) = context.state.load(id)? else { return Ok(None) };
    if context.life(&receipt).await? == Life::Gone {
        return Ok(None);
    }
    let name = names::container(id);
    let inspected = context.engine.docker.inspect_container(&name, None::<InspectContainerOptions>).await;
    Ok(inspected.unless_absent(|| format!("inspect `{name}`"))?.and_then(|container| container.image))
}

fn marker(context: &Context, id: &str) -> PathBuf {
    context.state.sandbox(id).join(MARKER)
}

async fn mark(context: &Context, id: &str) -> Result<(), SessionError> {
    let images = images(context, id, true).await?;
    let text = serde_json::to_vec(&Marker { images }).expect("plain texts");
    Ok(file::write(&marker(context, id), &text, 0o600)?)
}

/// Returns the ids of images that a sandbox's builds made; with `dangling`, those alone that nothing refers to.
pub(super) async fn images(context: &Context, id: &str, dangling: bool) -> Result<BTreeSet<String>, CallError> {
    let mut filters = HashMap::from([("label", owner::labels(context, id))]);
    if dangling {
        filters.insert("dangling", vec!["true".to_owned()]);
    }
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let found = context.engine.docker.list_images(Some(options)).await;
    Ok(found.operation(|| "list the images".to_owned())?.into_iter().map(|image| image.id).collect())
}

/// Images that builds made for a sandbox that never started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unstarted {
    /// Id of the sandbox.
    pub id: String,
    /// Ids of the images.
    pub images: Vec<String>,
}

/// Returns the images of builds whose sandbox has no receipt, and that nobody is at work on.
pub(super) async fn unstarted(context: &Context) -> Result<Vec<Unstarted>, SessionError> {
    let (uid, instance) = (context.state.uid(), context.state.instance());
    let labels = vec![format!("{}={uid}", names::USER), format!("{}={instance}", names::INSTANCE)];
    let options = ListImagesOptionsBuilder::default().filters(&HashMap::from([("label", labels)])).build();
    let found = context.engine.docker.list_images(Some(options)).await.operation(|| "list the images".to_owned())?;
    let mut images: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mut image in found {
        // A Dockerfile can write any label, and a user can make an image from this one.
        let id = image.labels.remove(names::SANDBOX).filter(|id| SandboxId::is_one(id));
        if let Some(id) = id.filter(|id| is_nobody_elses(id, &image.repo_tags)) {
            images.entry(id).or_default().push(image.id);
        }
    }
    let never = |id: &String| matches!(context.state.load(id), Ok(None)) && !context.state.is_busy(id);
    Ok(images.into_iter().filter(|(id, _)| never(id)).map(|(id, images)| Unstarted { id, images }).collect())
}

/// Whether an image has no name but those that cloister gives.
fn is_nobody_elses(id: &str, tags: &[String]) -> bool {
    let own = [names::build(id), names::setup(id)];
    let is_own = |tag: &String| {
        let name = tag.strip_suffix(":latest").unwrap_or(tag);
        name == UNNAMED || own.iter().any(|own| own == name)
    };
    tags.iter().all(is_own)
}

/// Removes them, and what is known of the builds; returns whether all of it is gone. The caller has seen no receipt:
/// whoever made one since keeps everything.
pub(super) async fn forget(context: &Context, unstarted: &Unstarted) -> Result<bool, SessionError> {
    let Unstarted { id, images } = unstarted;
    let Some(_lock) = context.state.try_lock_sandbox(id)? else { return Ok(false) };
    if context.state.load(id)?.is_some() {
        return Ok(false);
    }
    let mut gone = true;
    for image in images {
        gone &= images::remove(&context.engine, image).await?;
    }
    tree::remove(&context.state.sandbox(id))?;
    Ok(gone)
}

/// Removes what builds left whose program was killed.
pub(super) async fn sweep(context: &Context) -> Result<(), SessionError> {
    for id in context.state.with_file(MARKER)? {
        // Whoever holds the lock is at work on it.
        if let Some(_lock) = context.state.try_lock_sandbox(&id)? {
            clean_up(context, &id, true).await?;
        }
    }
    Ok(())
}

/// Removes everything that a build made but its image. The caller holds the sandbox's lock.
async fn clean_up(context: &Context, id: &str, ended_early: bool) -> Result<(), SessionError> {
    let path = marker(context, id);
    let before = match file::read(&path, MARKER_LIMIT) {
        Err(error) if error.is_absent() => return Ok(()),
        Err(_) => Marker::default(),
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    let name = names::build(id);
    for step in steps(context, id, &name).await? {
        clean::remove_by_id(context, &step, &step).await?;
    }
    clean::remove_container(context, &name).await?;
    {
        let _lock = context.state.lock().await?;
        // A guardian that does not answer loses the network all the same, and is replaced at the next start.
        let _ = guardian::withdraw(&context.engine, &context.state, &name).await;
        network::remove(&context.engine, &name, &context.state.instance()).await?;
    }
    if ended_early {
        for image in images(context, id, true).await?.difference(&before.images) {
            images::remove(&context.engine, image).await?;
        }
    }
    Ok(file::remove(&path)?)
}

/// Returns the containers of steps that the engine has not removed yet: those in the network of the build's container.
async fn steps(context: &Context, id: &str, holder: &str) -> Result<Vec<String>, CallError> {
    let docker = &context.engine.docker;
    let found = docker.inspect_container(holder, None::<InspectContainerOptions>).await;
    let found = found.unless_absent(|| format!("inspect `{holder}`"))?;
    let found = found.filter(|container| owner::is_own(context, container)).and_then(|container| container.id);
    let Some(network) = found.map(|holder| format!("container:{holder}")) else { return Ok(Vec::new()) };
    let filters = HashMap::from([("label", vec![format!("{}={id}", names::SANDBOX)])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let listed = docker.list_containers(Some(options)).await.operation(|| "list the containers".to_owned())?;
    let inside = |mode: Option<String>| mode.as_deref() == Some(&network);
    let steps = listed.into_iter().filter(|one| inside(one.host_config.clone().and_then(|host| host.network_mode)));
    Ok(steps.filter_map(|step| step.id).collect())
}
