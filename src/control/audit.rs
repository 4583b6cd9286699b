//! The audit log: everything that sandboxes asked for, that people and rules answered, and that cloister did (SEC-69).
//!
//! It is a folder of files of lines, each line chained to the one before it by its digest. One process writes it, any
//! number read it meanwhile. Who can write the folder can write another history: the chain shows what was changed, cut
//! out or lost, not who could have made all of it up.
//!
//! Invariant: an entry that was acknowledged is in the file, and on disk within [`log::GROUP`] and what a sync takes. An
//! entry that cannot be kept is an error for whoever brings it, who then lets nothing happen.

pub mod bounds;
mod check;
mod connections;
pub mod event;
pub mod filter;
mod folder;
pub mod heard;
mod line;
mod lines;
pub mod log;
pub mod moment;
pub mod read;
#[cfg(test)]
pub(crate) mod samples;
pub mod told;
pub mod veil;
pub mod verify;
mod writer;

pub use check::Wrong;
pub use folder::FolderError;
pub use log::{Log, LogError};

use std::path::{Path, PathBuf};

/// Returns the folder of the log in a state folder.
pub fn folder_in(state: &Path) -> PathBuf {
    state.join("audit")
}
