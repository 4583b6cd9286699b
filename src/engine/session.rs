//! Sandboxes over time: start, attach, stop, list, shut down, and cleaning up what a killed start left.

mod at_hand;
mod build;
mod claim;
mod clean;
mod clone;
mod command;
mod drift;
mod gc;
mod head;
mod life;
mod list;
mod owner;
mod place;
mod pull;
mod refused;
mod review;
mod room;
mod select;
mod setup;
mod start;
mod stop;
mod trial;
mod wire;

use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::InspectContainerOptions;
use tokio::time::sleep;

use self::life::Life;
pub use at_hand::image_at_hand;
pub use build::{Build, Unstarted, build};
pub use command::{Ran, Ready, command, ready};
pub use gc::{Collected, Garbage, Left, collect, garbage};
pub use head::unlike_head;
pub use list::{Listed, list};
pub use place::{From, inside};
pub use pull::{Pulled, PulledRef, pull};
pub use review::{Review, review};
pub use select::{SelectError, select, served};
pub use start::{Served, Start, Started, hand_over, reload, start, until_interrupted};
pub use stop::{Shutdown, Stopped, end_build, shutdown, stop};
pub use trial::{Trial, trial};
pub use wire::wire;

use super::apply::setup::SetupError;
use super::apply::{ApplyError, Bench};
use super::build::BuildError;
use super::clone::CloneError;
use super::connect::{CallError, ConnectError, Engine, Operation};
use super::ended::{Ended, ended};
use super::exec::ExecError;
use super::guardian::GuardianError;
use super::lifecycle::LifecycleError;
use super::names;
use super::owned::Foreign;
use super::receipt::Receipt;
use super::state::{StateError, StateFolder};
use crate::control::client;
use crate::host::addresses::AddressesError;
use crate::host::file::FileError;
use crate::host::identity::{Identity, IdentityError};
use crate::host::paths::{Paths, PathsError};
use crate::host::programs::{Programs, ProgramsError};
use crate::host::random::RandomError;
use crate::ident::display_name;
use crate::pipeline::PipelineError;
use crate::plan::diff::Change;
use crate::space::Short;
use crate::ui::text::quoted;

/// How long the command of an image may take to fail before it is said to run.
const MOMENT: Duration = Duration::from_millis(300);
/// Differences of a plan that are listed before the rest is counted.
const CHANGES: usize = 5;

/// Why something about a sandbox did not work.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// What the user allows cannot be read.
    #[error(transparent)]
    Policy(#[from] Box<PipelineError>),
    /// Nobody knows who runs this.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A folder of cloister's own cannot be used.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// A program of cloister's own cannot be used.
    #[error(transparent)]
    Programs(#[from] ProgramsError),
    /// There is no engine.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The engine did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What has the sandbox's names belongs to another state folder.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// What is known of sandboxes cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is no guardian.
    #[error(transparent)]
    Guardian(#[from] GuardianError),
    /// A plan did not become a sandbox.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The image could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The approved commands that run as root left no image.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// Lifecycle commands did not all run.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// A clone was not made, or nothing came out of it.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// A process could not be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// No sandbox, or more than one, is meant.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// A folder of cloister's own cannot be removed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The kernel gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The host's addresses cannot be read.
    #[error(transparent)]
    Addresses(#[from] AddressesError),
    /// Nobody could say stop.
    #[error("could not listen for signals")]
    Signals(#[source] std::io::Error),
    /// The user said stop.
    #[error("interrupted; what was made so far is removed")]
    Interrupted,
    /// The user said stop again.
    #[error("interrupted before everything that was made so far was removed")]
    InterruptedAgain,
    /// The user said stop, when the sandbox ran and the command did not yet.
    #[error("interrupted before the command ran; the sandbox goes on")]
    InterruptedBefore,
    /// Somebody stopped the sandbox meanwhile.
    #[error("`{name}` was stopped")]
    Stopped {
        /// Name of the sandbox.
        name: String,
    },
    /// What it ran ended.
    #[error("{}`{name}` ended with exit code {}", ended.whose(), ended.code)]
    Ended {
        /// Name of the sandbox.
        name: String,
        /// How.
        ended: Ended,
    },
    /// Another sandbox could replace what this one mounts, while it is mounted.
    #[error("the sandbox `{name}` of `{folder}` has files of `{mount}` mounted")]
    Overlap {
        /// The folder that would be mounted.
        mount: String,
        /// The folder that the other one was started in.
        folder: String,
        /// Name of the sandbox that has it.
        name: String,
    },
    /// Too little is free where sandboxes write.
    #[error(transparent)]
    Short(#[from] Short),
    /// It was stopped, because too little was free.
    #[error("`{name}` was stopped")]
    Full {
        /// Name of the sandbox.
        name: String,
        /// Where.
        #[source]
        short: Short,
    },
    /// A running sandbox was made from another plan.
    #[error("`{name}` runs with another plan than this one")]
    PlanChanged {
        /// Name of the sandbox.
        name: String,
        /// What would be different.
        changes: Vec<Change>,
    },
}

impl SessionError {
    /// Tells whether the user wanted it so.
    pub fn is_interrupt(&self) -> bool {
        use LifecycleError::{Interrupted, Killed};
        matches!(
            self,
            Self::Interrupted
                | Self::InterruptedAgain
                | Self::InterruptedBefore
                | Self::Lifecycle(Interrupted { .. } | Killed { .. })
        )
    }

    /// Returns what stands below the message, one a line: what a command printed, or what is different.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Ended { ended, .. } => ended.output.clone(),
            Self::PlanChanged { changes, .. } => some(changes),
            _ => Vec::new(),
        }
    }

    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Policy(error) => error.hint(),
            Self::Identity(error) => error.hint(),
            Self::Paths(error) => error.hint(),
            Self::Programs(error) => error.hint(),
            Self::Connect(error) => error.hint(),
            Self::Foreign(error) => error.hint(),
            Self::State(error) => error.hint(),
            Self::Guardian(error) => error.hint(),
            Self::Apply(error) => error.hint(),
            Self::Build(error) => error.hint(),
            Self::Setup(error) => error.hint(),
            Self::Lifecycle(error) => error.hint(),
            Self::Select(error) => error.hint(),
            Self::Clone(error) => error.hint(),
            Self::Overlap { name, .. } => Some(format!(
                "stop that one first: `cloister stop {name}`; or work in it: `cloister exec {name} -- COMMAND`"
            )),
            Self::PlanChanged { name, changes } if changes.iter().any(leaves_clone) => Some(format!(
                "`{name}` works on a clone: `cloister start --clone` joins it; with `--rebuild` alone it would work on your \
                 folder instead"
            )),
            Self::PlanChanged { name, .. } => Some(format!(
                "`cloister start --rebuild` makes it anew; `cloister exec {name} -- COMMAND` uses it as it is"
            )),
            Self::Short(short) | Self::Full { short, .. } => Some(short.hint()),
            Self::Exec(error) => error.hint(),
            Self::File(error) => {
                Some(format!("look at who owns it: ls -la {}", quoted(&error.path().to_string_lossy())))
            }
            Self::Ended { ended, .. } => Some(ended.hint().to_owned()),
            Self::Stopped { .. } => Some("make it anew: `cloister start`".to_owned()),
            Self::Call(error) => error.hint(),
            Self::Random(_) | Self::Addresses(_) => None,
            Self::InterruptedAgain => Some("the next command removes the rest: `cloister list`".to_owned()),
            Self::InterruptedBefore => Some("end it with `cloister stop`".to_owned()),
            Self::Signals(_) | Self::Interrupted => None,
        }
    }
}

/// Whether it says that a sandbox on a clone would be one on the folder itself.
fn leaves_clone(change: &Change) -> bool {
    change.path == "workspace.clone" && change.is.is_none()
}

fn some(changes: &[Change]) -> Vec<String> {
    let more = changes.len().saturating_sub(CHANGES);
    let rest = (more > 0).then(|| format!("and {more} more"));
    changes.iter().take(CHANGES).map(ToString::to_string).chain(rest).collect()
}

/// Everything that a session works with.
#[derive(Debug)]
pub struct Context {
    /// The engine.
    pub engine: Engine,
    /// The state folder.
    pub state: StateFolder,
    /// cloister's own folders.
    pub paths: Paths,
    /// cloister's own programs.
    pub programs: Programs,
}

impl Context {
    /// Connects to the engine and opens the user's folders.
    ///
    /// # Errors
    /// There is no engine, or a folder cannot be used.
    pub async fn open() -> Result<Self, SessionError> {
        let identity = Identity::current()?;
        let paths = Paths::of(&identity.home);
        let engine = Engine::connect(&identity.home).await?;
        Self::with(engine, paths, identity.uid, Programs::beside_current()?)
    }

    /// Returns a context for given folders and programs.
    ///
    /// # Errors
    /// A folder cannot be used.
    pub fn with(engine: Engine, paths: Paths, uid: u32, programs: Programs) -> Result<Self, SessionError> {
        paths.prepare()?;
        let state = StateFolder::open(&paths.state, uid)?;
        Ok(Self { engine, state, paths, programs })
    }

    /// Makes sure that a control plane lives. Without one the guardian goes on, and nobody is asked about anything.
    pub async fn control(&self) {
        if let Err(error) = client::ensure(self.state.root()).await {
            tracing::warn!("nobody can be asked about what is not listed: {error}");
        }
    }

    fn bench(&self) -> Bench<'_> {
        Bench {
            engine: &self.engine,
            state: &self.state,
            data: &self.paths.data,
            cache: &self.paths.cache,
            programs: &self.programs,
        }
    }

    /// Returns why nothing more can be run in a sandbox; `error` where it has not ended by itself.
    pub async fn why(&self, receipt: &Receipt, error: SessionError) -> SessionError {
        let Some(container) = &receipt.container else { return error };
        match ended(&self.engine, container).await {
            // Whoever kills a sandbox that runs nothing of its own has stopped it.
            Ok(Some(ended)) if ended.own_command || ended.code != i64::from(start::KILLED) => {
                SessionError::Ended { name: receipt.name.clone(), ended }
            }
            _ => error,
        }
    }

    /// Makes sure that a sandbox still runs; the image's own command gets a moment to end in.
    ///
    /// # Errors
    /// It ended.
    pub async fn still_runs(&self, receipt: &Receipt) -> Result<(), SessionError> {
        let commands = self.state.load_plan(&receipt.id)?["containers"][0]["command"].clone();
        if commands.as_array().is_some_and(|words| words.iter().any(|word| word == "--")) {
            sleep(MOMENT).await;
        }
        if self.life(receipt).await? == Life::Gone {
            return Err(self.why(receipt, SessionError::Stopped { name: receipt.name.clone() }).await);
        }
        Ok(())
    }

    /// The name of a sandbox, which may not have a receipt yet.
    fn name(&self, id: &str, folder: &Path) -> String {
        let known = self.state.load(id).ok().flatten();
        known.map_or_else(|| display_name(folder), |receipt| receipt.name)
    }

    /// Tells whether a sandbox runs as it was measured, as far as the engine says so.
    pub async fn runs(&self, receipt: &Receipt) -> bool {
        matches!(self.life(receipt).await, Ok(Life::Runs))
    }

    /// Asks the engine what has become of a sandbox's container.
    async fn life(&self, receipt: &Receipt) -> Result<Life, CallError> {
        let name = names::container(&receipt.id);
        let inspected = self.engine.docker.inspect_container(&name, None::<InspectContainerOptions>).await;
        let inspected = inspected.unless_absent(|| format!("inspect `{name}`"))?;
        Ok(inspected.map_or(Life::Gone, |container| life::of(receipt, &container)))
    }
}

#[cfg(test)]
mod tests;
