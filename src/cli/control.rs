//! `cloister control`: the control plane itself. Other commands start it; it is not for people.

use super::exit;
use super::failure::{Explained, Failure};
use super::runtime;
use crate::control::daemon::{self, DaemonError};

/// The control plane, which other commands start
#[derive(Debug, clap::Args)]
pub struct Args {}

impl Explained for DaemonError {
    fn lines(&self) -> Vec<String> {
        Vec::new()
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Session(error) => error.hint(),
            Self::Listen { .. } => Some("it needs no help: `cloister start` starts it".to_owned()),
            Self::Signals(_) => None,
        }
    }
}

/// Runs until no sandbox is left.
///
/// # Errors
/// It cannot begin.
pub fn run(Args {}: &Args) -> Result<u8, Failure> {
    runtime::finish(async { daemon::run().await.map(|()| exit::OK) })
}
