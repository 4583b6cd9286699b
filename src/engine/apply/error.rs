//! Why a plan did not become a sandbox, and what to do then.

use std::path::PathBuf;

use super::super::accounts::AccountError;
use super::super::connect::CallError;
use super::super::create::CreateError;
use super::super::ended::Ended;
use super::super::facts::ImageError;
use super::super::fill::FillError;
use super::super::guardian::{ChannelError, GuardianError};
use super::super::hijack::HijackError;
use super::super::layout::LayoutError;
use super::super::network::NetworkError;
use super::super::owned::Foreign;
use super::super::probe::ProbeError;
use super::super::sources::SourceError;
use super::super::state::StateError;
use super::super::verify::Mismatch;
use crate::host::addresses::AddressesError;
use crate::host::file::FileError;
use crate::host::paths::PathsError;
use crate::host::programs::ProgramsError;
use crate::plan::audit::Violation;
use crate::space::Short;
use crate::ui::text::quoted;

/// Why a plan did not become a sandbox.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The plan is refused.
    #[error("the plan is refused")]
    Refused,
    /// The plan breaks a promise, which is a mistake of cloister's.
    #[error("the plan does not keep what cloister promises: {}", listed(.0))]
    Violations(Vec<Violation>),
    /// The plan has a part that this version cannot apply.
    #[error("this version cannot run {what}")]
    NotYet {
        /// The part.
        what: &'static str,
    },
    /// The plan cannot be said in the engine's words.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A placeholder stands where none belongs.
    #[error(transparent)]
    Fill(#[from] FillError),
    /// The user's certificates cannot be read.
    #[error("could not read the certificates of network.caBundle")]
    Certificates(#[source] FileError),
    /// The identity files cannot be written.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A file of cloister's own cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder of cloister's own cannot be used.
    #[error(transparent)]
    Folder(#[from] PathsError),
    /// The sandbox's home folder cannot be given to its user.
    #[error("could not give `{path}` to user {user}")]
    Home {
        /// The folder.
        path: PathBuf,
        /// `uid:gid`.
        user: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder of the workspace that a mount needs cannot be made.
    #[error("could not make the folder `{path}`, which a mount needs")]
    Target {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What the plan saw in the workspace is not there any more.
    #[error("`{path}`, which a mount lies on, is gone since the plan was made")]
    Gone {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A volume belongs to another state folder.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// A volume has options, which can make it anything.
    #[error("the volume `{name}` was made with driver options, which can make it a folder of this machine")]
    VolumeOptions {
        /// Its name.
        name: String,
    },
    /// A program for the sandbox cannot be used.
    #[error(transparent)]
    Programs(#[from] ProgramsError),
    /// The image is not what a sandbox can stand on.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The image cannot be looked at.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A source of a mount cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The host's addresses cannot be read.
    #[error(transparent)]
    Addresses(#[from] AddressesError),
    /// There is no network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// There is no guardian.
    #[error(transparent)]
    Guardian(#[from] GuardianError),
    /// The guardian did not take the sandbox.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// Too little is free where the engine writes.
    #[error(transparent)]
    Short(#[from] Short),
    /// What is allocated cannot be written down.
    #[error(transparent)]
    State(#[from] StateError),
    /// The engine did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The engine does not connect to the container.
    #[error("could not attach to the sandbox")]
    Attach(#[source] HijackError),
    /// It is not known to be sealed.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// It was sealed, and ended at once.
    #[error("the command of the sandbox ended with exit code {}", .0.code)]
    Ended(Ended),
    /// The engine made something else than what was asked.
    #[error("the engine made something else than the plan says: {}", listed(.0))]
    Different(Vec<Mismatch>),
}

impl ApplyError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused => Some("see why with `cloister plan`".to_owned()),
            Self::Violations(_) => {
                Some("nothing was made; please report this plan as a mistake of cloister's".to_owned())
            }
            Self::NotYet { .. } => Some("name an image in devcontainer.json".to_owned()),
            Self::Folder(error) => error.hint(),
            Self::Target { path, .. } => {
                Some(format!("make `{}` a folder of yours, without links on the way", path.display()))
            }
            Self::Gone { .. } => Some("start again: the next plan sees what is there then".to_owned()),
            Self::Foreign(error) => error.hint(),
            Self::VolumeOptions { name } => {
                Some(format!("see `docker volume inspect {name}`; `docker volume rm {name}` removes it"))
            }
            Self::Home { .. } => Some("run cloister as the owner of the folder".to_owned()),
            Self::Programs(error) => error.hint(),
            Self::Network(error) => error.hint(),
            Self::Guardian(error) => error.hint(),
            Self::Channel(_) => {
                Some("start it anew: `cloister guardian stop`, then `cloister guardian start`".to_owned())
            }
            Self::Layout(error) => error.hint(),
            Self::Image(error) => error.hint(),
            Self::State(error) => error.hint(),
            Self::Call(error) if error.message().contains("rlimit") => Some(
                "the engine cannot give that many open files: set a smaller `limits.nofile` in config.json5".to_owned(),
            ),
            Self::Short(short) => Some(short.hint()),
            Self::Probe(error) => error.hint(),
            Self::Certificates(error) => Some(format!(
                "put a PEM file at {}, or correct network.caBundle in config.json5",
                quoted(&error.path().to_string_lossy())
            )),
            Self::Ended(ended) => Some(ended.hint().to_owned()),
            Self::Different(_) => Some("nothing of the project ran, and the container was removed".to_owned()),
            Self::Source(error) => error.hint(),
            Self::Create(_) | Self::Fill(_) | Self::Account(_) | Self::File(_) => None,
            Self::Call(error) => error.hint(),
            Self::Addresses(_) | Self::Attach(_) => None,
        }
    }
}

fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}
