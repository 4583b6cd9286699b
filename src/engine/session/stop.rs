//! Stopping one sandbox, or everything.

use super::super::guardian;
use super::super::receipt::{Receipt, State};
use super::{Context, SessionError, clean};

/// Stops a sandbox: its container and network are gone afterwards, its volumes and home folder stay. Returns whether
/// there was anything to stop.
///
/// # Errors
/// The engine does not do it.
pub async fn stop(context: &Context, receipt: &Receipt) -> Result<bool, SessionError> {
    let _lock = context.state.lock_sandbox(&receipt.id).await?;
    let Some(mut receipt) = context.state.load(&receipt.id)? else { return Ok(false) };
    let existed = receipt.state != State::Stopped;
    clean::remove(context, &mut receipt).await?;
    clean::sweep(context).await?;
    Ok(existed)
}

/// Stops every sandbox and the guardian, and returns the names of those that were stopped; the ids where no receipt
/// tells a name.
///
/// # Errors
/// The engine does not do it.
pub async fn shutdown(context: &Context) -> Result<Vec<String>, SessionError> {
    let mut stopped = Vec::new();
    for receipt in context.state.receipts()?.into_iter().filter(|receipt| receipt.state != State::Stopped) {
        if stop(context, &receipt).await? {
            stopped.push(receipt.name);
        }
    }
    stopped.extend(clean::remove_unreadable(context).await?);
    let _lock = context.state.lock().await?;
    guardian::remove(&context.engine, &context.state).await?;
    Ok(stopped)
}
