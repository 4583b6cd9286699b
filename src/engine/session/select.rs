//! Which sandbox is meant: by name, by id, or by the folder one is in.

use std::path::Path;

use super::super::names;
use super::super::receipt::Receipt;
use super::life::Life;
use super::{Context, SessionError};

/// No sandbox is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Nobody has that name.
    #[error("no sandbox is named `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The folder has none.
    #[error("no sandbox belongs to this folder")]
    NotHere,
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
                Self::Unknown { .. } => "`cloister list` shows the names",
                Self::NotHere => "name one (`cloister list` shows them), or start one here: `cloister start`",
                Self::Runs { name } => return Some(format!("stop it first: `cloister stop {name}`")),
                Self::NotRunning { .. } => "start it: `cloister start`",
                Self::Paused { container, .. } => return Some(format!("`docker unpause {container}` lets it go on")),
                Self::Cut { .. } | Self::Exposed { .. } => "make it anew: `cloister start --rebuild`",
            }
            .to_owned(),
        )
    }
}

/// Returns the sandbox of that name or id, or the one of the folder.
///
/// # Errors
/// There is none.
pub fn select(context: &Context, name: Option<&str>, folder: &Path) -> Result<Receipt, SessionError> {
    Ok(choose(context.state.receipts()?, name, folder)?)
}

/// Returns a sandbox that runs, as [`select`] does.
///
/// # Errors
/// There is none, or it does not run.
pub async fn running(context: &Context, name: Option<&str>, folder: &Path) -> Result<Receipt, SessionError> {
    let receipt = select(context, name, folder)?;
    let life = context.life(&receipt).await?;
    match usable(receipt.clone(), life) {
        Err(error @ SelectError::NotRunning { .. }) => Err(context.why(&receipt, error.into()).await),
        usable => Ok(usable?),
    }
}

/// Returns the receipt of a sandbox that a process can be run in.
pub(super) fn usable(receipt: Receipt, life: Life) -> Result<Receipt, SelectError> {
    let name = receipt.name.clone();
    match life {
        Life::Runs => Ok(receipt),
        Life::Paused => Err(SelectError::Paused { name, container: names::container(&receipt.id) }),
        Life::Cut => Err(SelectError::Cut { name }),
        Life::Exposed => Err(SelectError::Exposed { name }),
        Life::Gone => Err(SelectError::NotRunning { name }),
    }
}

fn choose(receipts: Vec<Receipt>, name: Option<&str>, folder: &Path) -> Result<Receipt, SelectError> {
    match name {
        Some(name) => receipts
            .into_iter()
            .find(|receipt| receipt.name == name || receipt.id == name)
            .ok_or_else(|| SelectError::Unknown { name: name.to_owned() }),
        // The deepest folder wins: a project inside another one has a sandbox of its own.
        None => receipts
            .into_iter()
            .filter(|receipt| folder.starts_with(&receipt.workspace))
            .max_by_key(|receipt| receipt.workspace.len())
            .ok_or(SelectError::NotHere),
    }
}

#[cfg(test)]
mod tests;
