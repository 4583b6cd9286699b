//! What changed in a sandbox's workspace since it started, as far as the tools of the host would run or trust it.

use std::path::PathBuf;

use super::super::covers;
use super::super::receipt::Receipt;
use super::{Context, SessionError};
use crate::review::Snapshot;
use crate::review::difference::{Difference, difference};
use crate::review::scan::{AFTERWARDS, scan};

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Name of the sandbox.
    pub name: String,
    /// The folder that was looked through.
    pub folder: String,
    /// What is new or changed.
    pub differences: Vec<Difference>,
    /// Whether everything was looked at, before and now.
    pub complete: bool,
    /// Whether the agent works on a clone, and has nothing of the folder.
    pub clone: bool,
    /// Names whose mount went with them, because they were replaced from outside.
    pub lost: Vec<String>,
}

/// Compares the workspace with what it was before the last start.
///
/// # Errors
/// What was written down then cannot be read.
pub async fn review(context: &Context, receipt: &Receipt) -> Result<Review, SessionError> {
    let folder = receipt.mount.clone().unwrap_or_default();
    // Without a note of it, only what is younger than now would be new: nothing is, and that is said.
    let unknown = Snapshot { taken: i64::MAX, ..Snapshot::default() };
    let before = context.state.load_before(&receipt.id)?.unwrap_or(unknown);
    let (place, covers) = (PathBuf::from(&folder), receipt.covers.clone());
    let lost = covers::lost(&place, &covers);
    let looking = tokio::task::spawn_blocking(move || scan(&place, &covers::made(&place, &covers), AFTERWARDS));
    let now = if receipt.mount.is_some() {
        looking.await.unwrap_or_default()
    } else {
        Snapshot { complete: true, ..Snapshot::default() }
    };
    Ok(Review {
        name: receipt.name.clone(),
        folder,
        differences: difference(&before, &now),
        complete: before.complete && now.complete,
        clone: receipt.mount.is_none() && receipt.clone.is_some(),
        lost,
    })
}
