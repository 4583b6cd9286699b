//! Which sandbox is meant: by name, by id, or by the folder one is in.

use std::path::Path;

use super::super::names;
use super::super::network;
use super::super::receipt::{Receipt, State};
use super::life::Life;
use super::{Context, Served, SessionError, hand_over};
use crate::host::paths;
use crate::policy::Policy;
use crate::ui::text::quoted;

/// No sandbox is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Nobody has that name.
    #[error("no sandbox is named `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The name of one that could be meant.
        near: Option<String>,
    },
    /// The folder has none.
    #[error("no sandbox belongs to this folder")]
    NotHere,
    /// That folder has none.
    #[error("no sandbox belongs to the folder `{folder}`")]
    NotThere {
        /// The folder as it was given.
        folder: String,
    },
    /// It runs, and should not.
    #[error("`{name}` runs")]
    Runs {
        /// Its name.
        name: String,
    },
    /// It does not run.
    #[error("`{name}` does not run")]
    NotRunning {
        /// Its name.
        name: String,
        /// Whether it worked on a clone: started without, it would work on the folder itself.
        cloned: bool,
    },
    /// It is paused.
    #[error("`{name}` is paused")]
    Paused {
        /// Its name.
        name: String,
        /// Name of its container.
        container: String,
    },
    /// It has no network.
    #[error("`{name}` was taken off its network")]
    Cut {
        /// Its name.
        name: String,
    },
    /// It is not alone with the guardian.
    #[error("somebody connected `{other}` to the network of `{name}`, past the guardian")]
    Crowded {
        /// Its name.
        name: String,
        /// The container that is on its network.
        other: String,
    },
    /// It has a network that is not its own.
    #[error("somebody connected `{name}` to another network, past the guardian")]
    Exposed {
        /// Its name.
        name: String,
    },
}

impl SelectError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Unknown { near: Some(near), .. } => {
                    return Some(format!("did you mean `{near}`? `cloister list --all` shows the names"));
                }
                Self::Unknown { near: None, .. } => "`cloister list --all` shows the names",
                Self::NotThere { folder } => {
                    return Some(format!(
                        "start one there: `cloister start {}`; or name one that `cloister list` shows",
                        quoted(folder)
                    ));
                }
                Self::NotHere => "name one (`cloister list` shows them), or start one here: `cloister start`",
                Self::Runs { name } => return Some(format!("stop it first: `cloister stop {name}`")),
                Self::NotRunning { cloned: true, .. } => "start it: `cloister start --clone`",
                Self::NotRunning { .. } => "start it: `cloister start`",
                Self::Paused { container, .. } => return Some(format!("`docker unpause {container}` lets it go on")),
                Self::Cut { .. } | Self::Crowded { .. } | Self::Exposed { .. } => {
                    "make it anew: `cloister start --rebuild`"
                }
            }
            .to_owned(),
        )
    }
}

/// Returns the sandbox of that name or id, or of the folder that is named so, or the one of this folder.
///
/// # Errors
/// There is none.
pub fn select(context: &Context, name: Option<&str>, folder: &Path) -> Result<Receipt, SessionError> {
    let named = name.and_then(|name| paths::folder(Path::new(name)));
    Ok(choose(context.state.receipts()?, name, named.as_deref(), folder)?)
}

/// Makes sure that a sandbox runs, with the guardian serving it.
///
/// # Errors
/// It does not run, or the guardian does not serve it.
pub async fn served(context: &Context, policy: &Policy, receipt: &Receipt) -> Result<Served, SessionError> {
    if receipt.state == State::Stopped {
        running(context, receipt).await?;
    }
    // Neither waits for the other; that it does not run tells more than that it is not served.
    let controlled = async {
        context.control().await;
        hand_over(context, policy, receipt.clone()).await
    };
    let (running, served) = tokio::join!(running(context, receipt), controlled);
    running.and(served)
}

/// Makes sure that a sandbox runs as it was measured, alone with the guardian.
pub(super) async fn running(context: &Context, receipt: &Receipt) -> Result<(), SessionError> {
    let (life, alone) = tokio::join!(context.life(receipt), alone(context, receipt));
    match usable(receipt, life?) {
        Err(error @ SelectError::NotRunning { .. }) => Err(context.why(receipt, error.into()).await),
        usable => usable.map_err(SessionError::from).and(alone),
    }
}

/// Makes sure that a sandbox is alone with the guardian on its network.
pub(super) async fn alone(context: &Context, receipt: &Receipt) -> Result<(), SessionError> {
    let network = names::container(&receipt.id);
    let guardian = names::guardian(&context.state.instance());
    let others = network::members(&context.engine, &network).await?;
    match others.into_iter().find(|name| *name != network && *name != guardian) {
        Some(other) => Err(SelectError::Crowded { name: receipt.name.clone(), other }.into()),
        None => Ok(()),
    }
}

/// Makes sure that a process can be run in a sandbox.
pub(super) fn usable(receipt: &Receipt, life: Life) -> Result<(), SelectError> {
    let name = receipt.name.clone();
    match life {
        Life::Runs => Ok(()),
        Life::Paused => Err(SelectError::Paused { name, container: names::container(&receipt.id) }),
        Life::Cut => Err(SelectError::Cut { name }),
        Life::Exposed => Err(SelectError::Exposed { name }),
        Life::Gone => Err(SelectError::NotRunning { name, cloned: receipt.mount.is_none() && receipt.clone.is_some() }),
    }
}

/// `named` is the folder that the name leads to, where there is one.
fn choose(
    receipts: Vec<Receipt>,
    name: Option<&str>,
    named: Option<&Path>,
    folder: &Path,
) -> Result<Receipt, SelectError> {
    let Some(name) = name else { return of_folder(receipts, folder).ok_or(SelectError::NotHere) };
    // A folder that is gone is still known by its path.
    let is_meant = |receipt: &&Receipt| [&receipt.name, &receipt.id, &receipt.workspace].contains(&&name.to_owned());
    if let Some(receipt) = receipts.iter().find(is_meant) {
        return Ok(receipt.clone());
    }
    match named {
        Some(named) => of_folder(receipts, named).ok_or_else(|| SelectError::NotThere { folder: name.to_owned() }),
        None => by_prefix(&receipts, name)
            .ok_or_else(|| SelectError::Unknown { name: name.to_owned(), near: near(&receipts, name) }),
    }
}

/// Digits of an id that are enough to name it, where no other one begins with them.
const ENOUGH: usize = 4;
/// Letters in which a name may differ from one that is meant.
const TYPOS: usize = 2;

fn by_prefix(receipts: &[Receipt], name: &str) -> Option<Receipt> {
    let mut found = receipts.iter().filter(|receipt| name.len() >= ENOUGH && receipt.id.starts_with(name));
    found.next().filter(|_| found.next().is_none()).cloned()
}

/// Returns the name that is nearest, unless it shares nothing with this one.
fn near(receipts: &[Receipt], name: &str) -> Option<String> {
    let names = receipts.iter().map(|receipt| (strsim::damerau_levenshtein(&receipt.name, name), &receipt.name));
    let nearest =
        names.min().filter(|(typos, near)| *typos <= TYPOS && *typos < near.chars().count().min(name.chars().count()));
    nearest.map(|(_, near)| near.clone())
}

/// What runs is meant before what is stopped, since two cannot run on the same files; then the deepest folder, since a
/// project inside another one has a sandbox of its own. In a folder that belongs to none, the one that has it mounted
/// is meant.
fn of_folder(receipts: Vec<Receipt>, folder: &Path) -> Option<Receipt> {
    let weigh = |receipt: Receipt| {
        let is_own = folder.starts_with(&receipt.workspace);
        let lives = receipt.state != State::Stopped;
        let has_it = lives && receipt.mount.as_ref().is_some_and(|mount| folder.starts_with(mount));
        (is_own || has_it).then_some(((lives, is_own, receipt.workspace.len()), receipt))
    };
    receipts.into_iter().filter_map(weigh).max_by_key(|(weight, _)| *weight).map(|(_, receipt)| receipt)
}

#[cfg(test)]
mod tests;
