//! Stopping one sandbox, or everything.

use super::super::covers;
use super::super::guardian;
use super::super::receipt::{Receipt, State};
use super::{Context, Review, SessionError, clean, review};

/// A sandbox that was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Its name; its id where no receipt tells a name.
    pub name: String,
    /// Whether there was anything to stop.
    pub existed: bool,
    /// What its agent left; `None` where nobody can tell, or it was told before.
    pub review: Option<Review>,
}

/// Stops a sandbox: its container and network are gone afterwards, its volumes and home folder stay. `None` where
/// nothing is known of it any more.
///
/// # Errors
/// The engine does not do it.
pub async fn stop(context: &Context, receipt: &Receipt) -> Result<Option<Stopped>, SessionError> {
    let _lock = context.state.lock_sandbox(&receipt.id).await?;
    let Some(mut receipt) = context.state.load(&receipt.id)? else { return Ok(None) };
    let existed = receipt.state != State::Stopped;
    let lost = receipt.mount.as_ref().map(|mount| covers::lost(mount.as_ref(), &receipt.covers)).unwrap_or_default();
    clean::remove(context, &mut receipt).await?;
    clean::sweep(context).await?;
    let mut told = None;
    if receipt.unreviewed {
        // It is stopped, whatever a look at the workspace says.
        told = review(context, &receipt).await.ok().map(|review| Review { lost, ..review });
        receipt.unreviewed = false;
        context.state.save(&receipt)?;
    }
    Ok(Some(Stopped { name: receipt.name, existed, review: told }))
}

/// Stops every sandbox and the guardian, and returns those that were stopped.
///
/// # Errors
/// The engine does not do it.
pub async fn shutdown(context: &Context) -> Result<Vec<Stopped>, SessionError> {
    let mut stopped = Vec::new();
    for receipt in context.state.receipts()?.into_iter().filter(|receipt| receipt.state != State::Stopped) {
        stopped.extend(stop(context, &receipt).await?.filter(|stopped| stopped.existed));
    }
    let unreadable = clean::remove_unreadable(context).await?.into_iter();
    stopped.extend(unreadable.map(|name| Stopped { name, existed: true, review: None }));
    let _lock = context.state.lock().await?;
    guardian::remove(&context.engine, &context.state).await?;
    Ok(stopped)
}
