//! An audited plan becomes a container that was found sealed, or nothing.
//!
//! Invariant: a container is made from an [`Audited`] plan and from nothing else; whatever fails, everything that was
//! made is removed again.

mod allocate;
mod error;
mod files;
pub mod setup;
mod targets;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use bollard::models::{ContainerInspectResponse, SystemInfo};
use bollard::query_parameters::{CreateContainerOptionsBuilder, InspectContainerOptions, StartContainerOptions};
use tokio::task::JoinHandle;
use tracing::debug;

pub use self::error::ApplyError;
use super::connect::{CallError, Engine, Operation};
use super::create::{self, Place};
use super::ended::ended;
use super::facts;
use super::fill::{FillError, Values};
use super::hijack::{self, Stream};
use super::layout;
use super::names;
use super::pool;
use super::probe::{self, Canary, ProbeError};
use super::receipt::Receipt;
use super::sources::Sources;
use super::state::StateFolder;
use super::verify::{self, Expected, Mismatch, mountinfo};
use crate::facts::ImageFacts;
use crate::guardian::protocol::PROXY_PORT;
use crate::host::addresses;
use crate::host::file;
use crate::host::programs::Programs;
use crate::host::space;
use crate::plan::Plan;
use crate::plan::audit::audit;
use crate::plan::model::{Container, MountKind, Network, Verdict, Workspace};
use crate::policy::Policy;
use crate::review::Snapshot;
use crate::review::scan::{AT_START, scan};
use crate::sandbox::protocol::ProbeRequest;
use crate::space::{Short, What, short};

/// Most bytes of the kernel's list of mounts that are read.
const MOUNTINFO_LIMIT: u64 = 4 << 20;

/// A plan that keeps what cloister promises. Only the audit makes one.
#[derive(Debug, Clone, Copy)]
pub struct Audited<'a> {
    plan: &'a Plan,
    policy: &'a Policy,
    container: &'a Container,
    network: &'a Network,
}

impl<'a> Audited<'a> {
    /// Audits a plan.
    ///
    /// # Errors
    /// It is refused, breaks a promise, or has a part that this version cannot apply.
    pub fn new(plan: &'a Plan, policy: &'a Policy) -> Result<Self, ApplyError> {
        let violations = audit(plan, policy);
        if !violations.is_empty() {
            return Err(ApplyError::Violations(violations));
        }
        match (plan.outcome, plan.containers.as_slice(), &plan.network) {
            (Verdict::Ready, [container], Some(network)) => Ok(Self { plan, policy, container, network }),
            (Verdict::Ready, ..) => Err(ApplyError::NotYet { what: "more than one container" }),
            (Verdict::Refused, ..) => Err(ApplyError::Refused),
        }
    }

    /// The plan.
    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// The policy that it was audited against.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Its network.
    pub fn network(&self) -> &'a Network {
        self.network
    }

    /// The same for the set-up phase, where there is one.
    pub fn setup(&self) -> Option<Self> {
        Some(Self { container: self.plan.setup.as_ref()?, ..*self })
    }

    /// Its container.
    pub fn container(&self) -> &'a Container {
        self.container
    }
}

/// What applying a plan works with.
#[derive(Debug, Clone, Copy)]
pub struct Bench<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The state folder.
    pub state: &'a StateFolder,
    /// cloister's data folder.
    pub data: &'a Path,
    /// cloister's folder for what can be learned again.
    pub cache: &'a Path,
    /// cloister's programs.
    pub programs: &'a Programs,
}

/// What was prepared on the host for one sandbox.
#[derive(Debug)]
struct Prepared {
    programs: PathBuf,
    files: PathBuf,
    home: PathBuf,
    host_addresses: Vec<IpAddr>,
}

/// Makes the sandbox, measures it, and reads it back. The receipt says `starting` and is on disk already; it comes back
/// with what was allocated. Returns what mattered in the workspace before anything ran. The caller removes what was made
/// when this fails.
///
/// # Errors
/// Something cannot be made, is not what was asked for, or is not sealed.
pub async fn apply(
    bench: Bench<'_>,
    audited: Audited<'_>,
    image: &ImageFacts,
    receipt: &mut Receipt,
) -> Result<Snapshot, ApplyError> {
    let volumes = check_image(bench, audited, image).await?;
    let prepared = files::prepare(bench, audited, image, &receipt.id).await?;
    let before = before(&audited.plan.workspace);
    targets::make_covers(audited.container, &audited.plan.workspace, &mut receipt.covers)?;
    debug!(sandbox = receipt.id, "files and programs are in place");
    let ground = Ground { image, volumes: &volumes, prepared: &prepared };
    make(bench, audited, &ground, receipt, async |_| Ok(before.await.unwrap_or_default())).await
}

/// What a container is made on.
#[derive(Debug, Clone, Copy)]
struct Ground<'a> {
    image: &'a ImageFacts,
    /// Volumes that the image brings.
    volumes: &'a BTreeSet<String>,
    prepared: &'a Prepared,
}

/// Makes network and container, reads back, has process 1 probe, and compares. What `ready` does is done before that one
/// starts.
async fn make<T>(
    bench: Bench<'_>,
    audited: Audited<'_>,
    ground: &Ground<'_>,
    receipt: &mut Receipt,
    ready: impl AsyncFnOnce(&str) -> Result<T, ApplyError>,
) -> Result<T, ApplyError> {
    let Ground { image, prepared, .. } = *ground;
    let (mut allocated, info) = tokio::try_join!(allocate::network(bench, audited, receipt), about(bench.engine))?;
    receipt.engine_root =
        facts::root_here(&bench.engine.endpoint, info.kernel_version.as_deref(), info.docker_root_dir.as_deref());
    check_room(receipt.engine_root.as_deref(), audited.policy.limits.free_space)?;
    debug!(subnet = ?receipt.subnet, "the network is there");
    let places = pool::places(receipt.subnet.expect("the network was allocated"));
    let canary = Canary::put_up().await?;
    let token = receipt.token.clone();
    let without_probe = Values {
        guardian: places.guardian,
        token: &token,
        programs: &prepared.programs,
        files: &prepared.files,
        home: &prepared.home,
        probe: "",
    };
    let sources = open_sources(audited.container, &without_probe)?;
    let others = std::mem::take(&mut allocated.others);
    let request = ProbeRequest {
        guardian: places.guardian,
        guardian_port: PROXY_PORT,
        forbidden: probe::forbidden(prepared.host_addresses.iter().copied(), places.gateway, &others),
        canary_port: canary.port,
        nonce: canary.nonce.clone(),
        user: audited.container.user.clone(),
        capabilities: probe::capabilities(&audited.container.cap_add),
        mounts: sources.expected()?,
    };
    let request = serde_json::to_string(&request).expect("a request has text keys only");
    let values = Values { probe: &request, ..without_probe };
    let place = Place {
        image: &image.id,
        values,
        network: &audited.network.name,
        dns: &audited.network.dns,
        address: places.sandbox,
        folder: first_folder(&audited.plan.workspace),
        digest: &audited.plan.digest,
        instance: &bench.state.instance(),
        ipv6: addresses::has_ipv6(),
        processors: info.ncpu.and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
    };
    targets::make_folders(audited.container, &audited.plan.workspace, &sources)?;
    // Neither needs the other, and both are waited for: what the engine is at when one fails could come too late to be removed.
    let served = receipt.clone();
    let (listens, made) =
        tokio::join!(allocated.serve(bench, &served), construct(bench, audited, ground, (&info, &place), receipt));
    let container = made?;
    listens?;
    debug!("the engine made what the plan says, and the guardian listens");
    sources.unchanged()?;
    let done = ready(&container).await?;
    let mut stream = start(bench.engine, &container).await?;
    debug!("process 1 runs, and probes");
    probe::answer(&mut stream).await?;
    probe::apart(addresses::own()?, places.network())?;
    debug!("the sandbox is sealed");
    sources.unchanged()?;
    let found = compare_mounts(bench.engine, audited.container, &sources, &container).await?;
    receipt.endpoint = names::endpoint(&receipt.id, &found);
    receipt.started = found.state.and_then(|state| state.started_at);
    Ok(done)
}

/// Makes the container, and has the engine tell what it made.
async fn construct(
    bench: Bench<'_>,
    audited: Audited<'_>,
    ground: &Ground<'_>,
    (info, place): (&SystemInfo, &Place<'_>),
    receipt: &mut Receipt,
) -> Result<String, ApplyError> {
    volumes::make(bench, audited.container).await?;
    let container = create(bench, audited, place).await?;
    debug!(container, "the container is made");
    receipt.container = Some(container.clone());
    bench.state.save(receipt)?;
    // Again: whoever may use the engine could have put another one in a volume's place before it was mounted.
    volumes::make(bench, audited.container).await?;
    read_back(bench.engine, info, audited, (ground.image, ground.volumes), &place.values, &container).await?;
    targets::own_volumes(bench.engine, audited.container, &container).await?;
    Ok(container)
}

/// Makes sure that there is room for what the engine is about to make.
fn check_room(root: Option<&str>, wanted: u64) -> Result<(), Short> {
    let found = root.and_then(|root| space::of(What::Engine, Path::new(root)));
    short(found, wanted).map_or(Ok(()), Err)
}

/// The working directory of process 1. In a clone, a folder below it is there once the clone is made.
fn first_folder(workspace: &Workspace) -> &str {
    if workspace.clone.is_some() { &workspace.target } else { &workspace.folder }
}

/// Asks the engine about itself, which takes it a while: it starts programs to find out.
async fn about(engine: &Engine) -> Result<SystemInfo, ApplyError> {
    Ok(engine.docker.info().await.operation(|| "ask the engine about itself".to_owned())?)
}

/// Looks through the workspace while the engine is at work; nothing of the project may run before that has ended.
fn before(workspace: &Workspace) -> JoinHandle<Snapshot> {
    let folder = workspace.source.clone();
    tokio::task::spawn_blocking(move || {
        let nothing = || Snapshot { complete: true, ..Snapshot::default() };
        folder.map_or_else(nothing, |folder| scan(Path::new(&folder), &[], AT_START))
    })
}

/// Looks at the image where something is mounted, before anything is made. Returns the volumes that it brings.
async fn check_image(
    bench: Bench<'_>,
    audited: Audited<'_>,
    image: &ImageFacts,
) -> Result<BTreeSet<String>, ApplyError> {
    let volumes = layout::volumes(image, audited.container)?;
    let needed = layout::needed(audited.container, &audited.plan.workspace, &volumes)?;
    let paths = needed.keys().cloned().collect();
    let found = facts::paths(bench.engine, &image.id, &paths, bench.cache).await?;
    layout::check(&needed, &found)?;
    Ok(volumes)
}

fn open_sources(container: &Container, values: &Values<'_>) -> Result<Sources, ApplyError> {
    let mut sources = Sources::default();
    for mount in container.mounts.iter().filter(|mount| mount.kind == MountKind::Bind) {
        sources.open(Path::new(&values.source(&mount.source)?), &mount.target)?;
    }
    let read_only = container.mounts.iter().filter(|mount| mount.readonly);
    sources.nothing_below(read_only.map(|mount| mount.target.as_str()))?;
    Ok(sources)
}

async fn create(bench: Bench<'_>, audited: Audited<'_>, place: &Place<'_>) -> Result<String, ApplyError> {
    let body = create::body(audited.container, place)?;
    let options = CreateContainerOptionsBuilder::default().name(&audited.container.name).build();
    let created = bench.engine.docker.create_container(Some(options), body).await;
    Ok(created.operation(|| "create the sandbox".to_owned())?.id)
}

async fn inspect(engine: &Engine, container: &str) -> Result<ContainerInspectResponse, CallError> {
    let inspected = engine.docker.inspect_container(container, None::<InspectContainerOptions>).await;
    inspected.operation(|| "inspect the sandbox".to_owned())
}

/// Compares the engine's account with the plan, before anything runs.
async fn read_back(
    engine: &Engine,
    info: &SystemInfo,
    audited: Audited<'_>,
    (image, volumes): (&ImageFacts, &BTreeSet<String>),
    values: &Values<'_>,
    container: &str,
) -> Result<(), ApplyError> {
    let found = inspect(engine, container).await?;
    let binds = audited.container.mounts.iter().filter(|mount| mount.kind == MountKind::Bind);
    let sources: Result<BTreeMap<_, _>, FillError> =
        binds.map(|mount| Ok((mount.target.clone(), values.source(&mount.source)?))).collect();
    let env = audited.container.env.iter().map(|(name, value)| (name.clone(), values.text(value))).collect();
    let command: Vec<String> = audited.container.command.iter().map(|argument| values.argument(argument)).collect();
    let expected = Expected {
        container: audited.container,
        command: &command,
        env: &env,
        image_env: &image.env,
        image_volumes: volumes,
        sources: &sources?,
        network: &audited.network.name,
        dns: &audited.network.dns,
        runtime: info.default_runtime.as_deref(),
        ipv6: addresses::has_ipv6(),
        swap_limit: info.swap_limit.unwrap_or(true),
    };
    agree(verify::container(&expected, &found))
}

fn agree(mismatches: Vec<Mismatch>) -> Result<(), ApplyError> {
    if mismatches.is_empty() { Ok(()) } else { Err(ApplyError::Different(mismatches)) }
}

/// Starts the container with its output in hand: attached later, the probe's line could be missed.
pub(super) async fn start(engine: &Engine, container: &str) -> Result<Stream, ApplyError> {
    let path = format!("/containers/{container}/attach?stream=1&stdout=1&stderr=1");
    let stream = hijack::upgrade(&engine.endpoint, &path, String::new()).await.map_err(ApplyError::Attach)?;
    let started = engine.docker.start_container(container, None::<StartContainerOptions>).await;
    started.operation(|| "start the sandbox".to_owned())?;
    Ok(stream)
}

/// Compares what the kernel mounted with what was opened, as far as this user may see it. Returns what the engine says
/// of the container.
async fn compare_mounts(
    engine: &Engine,
    plan: &Container,
    sources: &Sources,
    container: &str,
) -> Result<ContainerInspectResponse, ApplyError> {
    let found = inspect(engine, container).await?;
    let state = found.state.clone().unwrap_or_default();
    if state.running != Some(true) {
        if let Some(ended) = ended(engine, container).await? {
            return Err(ApplyError::Ended(ended));
        }
        return Err(ProbeError::NoAnswer { output: "process 1 ended".to_owned() }.into());
    }
    let process = state.pid.unwrap_or(0);
    let text = file::read_text(Path::new(&format!("/proc/{process}/mountinfo")), MOUNTINFO_LIMIT).unwrap_or_default();
    // An engine in another process namespace counts its processes differently.
    if mountinfo::belongs_to(&text, container) {
        let volumes = found.mounts.iter().flatten().filter(|mount| mount.typ.as_deref() == Some("volume"));
        let volumes: Vec<String> = volumes.filter_map(|mount| mount.destination.clone()).collect();
        agree(mountinfo::compare(plan, &volumes, &text))?;
        sources.compare(process)?;
    }
    Ok(found)
}
