//! The guardian's container: made when it is missing, replaced when it is another program, told every policy again.
//!
//! Invariant: whoever changes something here holds the lock of the state folder.

pub mod channel;
mod container;
mod direct;
mod image;
mod link;
mod reading;

use std::collections::BTreeSet;
use std::net::IpAddr;

use bollard::models::ContainerState;
use bollard::query_parameters::{InspectContainerOptions, RemoveContainerOptionsBuilder};
use ipnet::Ipv4Net;

pub use channel::{Channel, ChannelError};
pub use link::{Heard, Link};

use super::connect::{CallError, Engine, Operation};
use super::names;
use super::network::{self, NetworkError, Purpose};
use super::pool;
use super::receipt::{Receipt, State};
use super::state::{StateError, StateFolder};
use crate::guardian::protocol::{Admission, Command, Refusals, Status};
use crate::host::addresses::{self, AddressesError};
use crate::host::programs::{Program, Programs, ProgramsError};

/// The program that runs in the container.
const PROGRAM: &str = "cloister-guardian";

/// Why there is no guardian.
#[derive(Debug, thiserror::Error)]
pub enum GuardianError {
    /// Its program cannot be used.
    #[error(transparent)]
    Programs(#[from] ProgramsError),
    /// Its image cannot be made.
    #[error("could not pack the guardian's image")]
    Image(#[source] std::io::Error),
    /// It has no network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The engine did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It does not answer.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// What is known of running sandboxes cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The host's addresses cannot be read.
    #[error(transparent)]
    Addresses(#[from] AddressesError),
}

impl GuardianError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Programs(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Channel(_) => {
                Some("start it anew: `cloister guardian stop`, then `cloister guardian start`".to_owned())
            }
            Self::State(error) => error.hint(),
            Self::Call(error) => error.hint(),
            Self::Image(_) | Self::Addresses(_) => None,
        }
    }
}

/// What the guardian's container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It runs.
    Running,
    /// Somebody froze it: it neither answers nor forwards, and is worth as much as none.
    Paused,
    /// It ended, or never began.
    Stopped,
}

/// What the engine says of the guardian's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Engine's id.
    pub id: String,
    /// What it does.
    pub activity: Activity,
    /// Digest of its program.
    pub digest: String,
    /// The file that its program was read from, as it was then.
    pub stamp: String,
    /// Names of the networks that it is on.
    pub networks: BTreeSet<String>,
}

/// Looks for the guardian; `None` where there is none.
///
/// # Errors
/// The engine does not answer.
pub async fn find(engine: &Engine, state: &StateFolder) -> Result<Option<Found>, CallError> {
    let name = names::guardian(&state.instance());
    let inspected = engine.docker.inspect_container(&name, None::<InspectContainerOptions>).await;
    let found = inspected.unless_absent(|| "inspect the guardian".to_owned())?;
    Ok(found.map(|container| {
        let mut labels = container.config.and_then(|config| config.labels).unwrap_or_default();
        let mut label = |name| labels.remove(name).unwrap_or_default();
        Found {
            id: container.id.unwrap_or_default(),
            activity: activity(&container.state.unwrap_or_default()),
            digest: label(names::DIGEST),
            stamp: label(names::STAMP),
            networks: container
                .network_settings
                .and_then(|settings| settings.networks)
                .map(|networks| networks.into_keys().collect())
                .unwrap_or_default(),
        }
    }))
}

/// The engine counts what is paused among what runs.
fn activity(state: &ContainerState) -> Activity {
    match (state.running, state.paused) {
        (_, Some(true)) => Activity::Paused,
        (Some(true), _) => Activity::Running,
        _ => Activity::Stopped,
    }
}

/// Makes sure that the guardian runs, with the program that lies beside this one, and opens the channel to it; whoever stopped
/// it wants it again.
///
/// # Errors
/// It cannot be made, or does not answer.
pub async fn ensure(
    engine: &Engine,
    state: &StateFolder,
    programs: &Programs,
    pool: Ipv4Net,
) -> Result<Channel, GuardianError> {
    state.let_guardian_run()?;
    reach(engine, state, programs, pool).await.map(|(channel, _)| channel)
}

/// Stops the guardian, and it stays so until [`ensure`]: it is what cuts every sandbox off at once. Whoever calls it holds the
/// lock of the state folder.
///
/// # Errors
/// The engine does not do it, or nothing can be written down.
pub async fn stop(engine: &Engine, state: &StateFolder) -> Result<(), GuardianError> {
    state.keep_guardian_away()?;
    Ok(remove(engine, state).await?)
}

/// Makes sure that the guardian serves a sandbox that runs, under the policy of its receipt; returns what the sandbox
/// did not reach so far.
///
/// # Errors
/// It cannot be made, does not answer, or refuses.
pub async fn serve(
    engine: &Engine,
    state: &StateFolder,
    programs: &Programs,
    pool: Ipv4Net,
    receipt: &Receipt,
) -> Result<Refusals, GuardianError> {
    let (mut channel, networks) = reach(engine, state, programs, pool).await?;
    if !networks.contains(&names::container(&receipt.id)) {
        connect(engine, state, receipt).await?;
    }
    match admission(receipt) {
        Some(admission) => Ok(refusals(channel.done_and_status(admission).await?, &receipt.id)),
        None => Ok(Refusals::default()),
    }
}

/// Returns what a sandbox did not reach; nothing where the guardian does not serve it.
///
/// # Errors
/// It does not run, or does not answer.
pub async fn refused_to(engine: &Engine, state: &StateFolder, sandbox: &str) -> Result<Refusals, ChannelError> {
    Ok(refusals(Channel::status_of(engine, state, &names::guardian(&state.instance())).await?, sandbox))
}

fn refusals(status: Status, sandbox: &str) -> Refusals {
    status.refusals.into_iter().find(|one| one.sandbox == sandbox).unwrap_or_default()
}

/// Returns the channel, and the networks that the guardian is known to be on.
async fn reach(
    engine: &Engine,
    state: &StateFolder,
    programs: &Programs,
    pool: Ipv4Net,
) -> Result<(Channel, BTreeSet<String>), GuardianError> {
    let stamp = programs.stamp(PROGRAM)?;
    if let Some(found) = find(engine, state).await?
        && found.activity == Activity::Running
        && (found.stamp == stamp || found.digest == programs.load(PROGRAM)?.digest)
        // Without it, whatever is allowed would fail.
        && found.networks.contains(&names::egress(&state.instance()))
    {
        match Channel::open(engine, state, &found.id).await {
            Err(ChannelError::Version { .. }) => {}
            other => return Ok((other?, found.networks)),
        }
    }
    Ok((replace(engine, state, (&programs.load(PROGRAM)?, &stamp), pool).await?.0, BTreeSet::new()))
}

/// Makes a guardian for sandboxes that lost theirs, and returns its id.
///
/// # Errors
/// It cannot be made, or does not answer.
pub async fn restore(
    engine: &Engine,
    state: &StateFolder,
    programs: &Programs,
    pool: Ipv4Net,
) -> Result<String, GuardianError> {
    let stamp = programs.stamp(PROGRAM)?;
    Ok(replace(engine, state, (&programs.load(PROGRAM)?, &stamp), pool).await?.1)
}

async fn replace(
    engine: &Engine,
    state: &StateFolder,
    (program, stamp): (&Program, &str),
    pool: Ipv4Net,
) -> Result<(Channel, String), GuardianError> {
    tracing::debug!(program = program.digest, "the guardian is made anew");
    remove_container(engine, state).await?;
    let image = image::ensure(engine, program, state.uid()).await?;
    let egress = names::egress(&state.instance());
    let labels = names::guardian_labels(&state.instance(), state.uid());
    network::create(engine, &egress, Purpose::Egress, pool, (&state.instance(), &labels)).await?;
    let created = container::create(engine, state, &image, (&program.digest, stamp), &egress).await;
    let id = match created {
        // Another cloister may have removed the image in between.
        Err(error) if error.status() == Some(404) => {
            let image = image::ensure(engine, program, state.uid()).await?;
            container::create(engine, state, &image, (&program.digest, stamp), &egress).await?
        }
        created => created?,
    };
    let mut channel = Channel::begin(engine, &id).await?;
    let own: Vec<IpAddr> = addresses::own()?.into_iter().collect();
    for mut receipt in state.receipts()?.into_iter().filter(|receipt| receipt.state == State::Running) {
        // A sandbox whose network is gone is dead already; it must not keep the others from their guardian.
        if connect(engine, state, &receipt).await.is_ok() {
            receipt.policy.host_addresses.clone_from(&own);
            admit(&mut channel, &receipt).await?;
        }
    }
    Ok((channel, id))
}

/// Puts the guardian onto a sandbox's network.
///
/// # Errors
/// The sandbox has no network, or the engine does not do it.
pub async fn connect(engine: &Engine, state: &StateFolder, receipt: &Receipt) -> Result<(), CallError> {
    let Some(subnet) = receipt.subnet else { return Ok(()) };
    let address = pool::places(subnet).guardian;
    network::connect(engine, &names::container(&receipt.id), &names::guardian(&state.instance()), address).await
}

/// Tells the guardian what a sandbox may reach, and waits until it listens for it.
///
/// # Errors
/// It does not answer, or refuses.
pub async fn admit(channel: &mut Channel, receipt: &Receipt) -> Result<(), ChannelError> {
    match admission(receipt) {
        Some(admission) => channel.done(admission).await,
        None => Ok(()),
    }
}

/// What the guardian is told of a sandbox; nothing of one without a network.
pub fn admission(receipt: &Receipt) -> Option<Command> {
    let subnet = receipt.subnet?;
    Some(Command::Admit(Box::new(Admission {
        sandbox: receipt.id.clone(),
        name: receipt.name.clone(),
        subnet,
        listen: pool::places(subnet).guardian,
        token: receipt.token.clone(),
        policy: receipt.policy.clone(),
        hold: 0,
    })))
}

/// Has the guardian forget a sandbox; a guardian that is not there has forgotten already, and one that is paused would
/// remember when it wakes, so it goes.
///
/// # Errors
/// It does not answer.
pub async fn withdraw(engine: &Engine, state: &StateFolder, sandbox: &str) -> Result<(), GuardianError> {
    let Some(found) = find(engine, state).await? else { return Ok(()) };
    match found.activity {
        Activity::Running => {
            let mut channel = Channel::open(engine, state, &found.id).await?;
            Ok(channel.done(Command::Withdraw { sandbox: sandbox.to_owned() }).await?)
        }
        Activity::Paused => Ok(remove_container(engine, state).await?),
        Activity::Stopped => Ok(()),
    }
}

/// Removes the guardian and its network to the world.
///
/// # Errors
/// The engine does not do it.
pub async fn remove(engine: &Engine, state: &StateFolder) -> Result<(), CallError> {
    remove_container(engine, state).await?;
    network::remove(engine, &names::egress(&state.instance()), &state.instance()).await
}

/// Makes sure that the engine has the guardian's image, which holds one program and nothing else; returns its reference.
///
/// # Errors
/// The program cannot be read, or the engine does not take the image.
pub async fn image(engine: &Engine, programs: &Programs, uid: u32) -> Result<String, GuardianError> {
    image::ensure(engine, &programs.load(PROGRAM)?, uid).await
}

/// Returns the images of this user's guardians other than the program that lies beside this one.
///
/// # Errors
/// The program cannot be read, or the engine does not answer.
pub async fn old_images(engine: &Engine, programs: &Programs, uid: u32) -> Result<Vec<String>, GuardianError> {
    Ok(image::others(engine, &programs.load(PROGRAM)?, uid).await?)
}

async fn remove_container(engine: &Engine, state: &StateFolder) -> Result<(), CallError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = engine.docker.remove_container(&names::guardian(&state.instance()), Some(options)).await;
    removed.unless_absent(|| "remove the guardian".to_owned()).map(|_| ())
}
