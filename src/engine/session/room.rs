//! Room where a sandbox writes: looked at before something is made, and while something runs (SEC-19).
//!
//! Who waits for a command, a hook or a build watches for it. Nobody does for a sandbox that was left alone; the next
//! command that is about it looks first.

use std::path::Path;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::super::receipt::Receipt;
use super::{Context, SessionError, clean};
use crate::host::space;
use crate::space::{Short, Space, What, short};

/// How often it is looked at: a disk takes a second for what stays free by default.
const PERIOD: Duration = Duration::from_millis(500);

/// Where a sandbox writes, and how much must stay free there.
#[derive(Debug, Clone)]
pub(super) struct Room {
    places: Vec<(What, String)>,
    wanted: u64,
}

impl Room {
    /// Returns the room of a sandbox, as far as its receipt knows where it writes.
    pub(super) fn of(context: &Context, receipt: &Receipt, wanted: u64) -> Self {
        Self::at(context, receipt.engine_root.as_deref(), receipt.mount.as_deref(), wanted)
    }

    /// Returns the room of what the engine makes, and of a folder that is mounted.
    pub(super) fn at(context: &Context, engine: Option<&str>, mount: Option<&str>, wanted: u64) -> Self {
        let homes = context.paths.data.to_string_lossy();
        let places = [(What::Engine, engine), (What::Homes, Some(&*homes)), (What::Workspace, mount)];
        let places = places.into_iter().filter_map(|(what, path)| Some((what, path?.to_owned()))).collect();
        Self { places, wanted }
    }

    /// Makes sure that enough is free.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn check(&self) -> Result<(), Short> {
        short(self.spaces(), self.wanted).map_or(Ok(()), Err)
    }

    fn spaces(&self) -> Vec<Space> {
        self.places.iter().filter_map(|(what, path)| space::of(*what, Path::new(path))).collect()
    }

    /// Works for as long as enough is free.
    ///
    /// # Errors
    /// It was not any more, and the work was dropped.
    pub(super) async fn while_enough<T>(&self, working: impl Future<Output = T>) -> Result<T, Short> {
        tokio::select! {
            biased;
            done = working => Ok(done),
            short = self.run_out() => Err(short),
        }
    }

    /// Returns once too little is free. A file system that does not answer keeps nobody from working.
    async fn run_out(&self) -> Short {
        loop {
            sleep(PERIOD).await;
            let room = self.clone();
            if let Ok(Err(short)) = spawn_blocking(move || room.check()).await {
                return short;
            }
        }
    }
}

/// Works in a sandbox for as long as enough is free where it writes; with less, it is stopped. What its agent left is
/// told by the next command that would have told it.
///
/// # Errors
/// It was stopped.
pub(super) async fn while_enough<T>(
    context: &Context,
    receipt: &Receipt,
    wanted: u64,
    working: impl Future<Output = T>,
) -> Result<T, SessionError> {
    match Room::of(context, receipt, wanted).while_enough(working).await {
        Ok(done) => Ok(done),
        Err(short) => {
            tracing::debug!("{short}");
            end(context, receipt).await?;
            Err(SessionError::Full { name: receipt.name.clone(), short })
        }
    }
}

async fn end(context: &Context, receipt: &Receipt) -> Result<(), SessionError> {
    let _seized = clean::seize(context, &receipt.id).await?;
    match context.state.load(&receipt.id)? {
        Some(mut receipt) => clean::remove(context, &mut receipt).await,
        None => Ok(()),
    }
}
