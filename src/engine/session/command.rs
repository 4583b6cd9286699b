//! The command that somebody waits for, and what is said when its sandbox went away meanwhile.

use super::super::exec::{Process, attached};
use super::super::lease::Lease;
use super::super::receipt::Receipt;
use super::start::{is_cut_off, is_gone};
use super::{Context, SessionError};
use crate::host::signals::Signals;

/// Runs a process with this process's standard streams, and returns its exit code.
///
/// # Errors
/// It cannot be run, the user said stop before, or somebody stopped the sandbox meanwhile.
pub async fn command(
    context: &Context,
    receipt: &Receipt,
    process: &Process,
    signals: &mut Signals,
) -> Result<u8, SessionError> {
    if signals.waiting().is_some() {
        return Err(SessionError::InterruptedBefore);
    }
    let container = receipt.container.as_deref().unwrap_or_default();
    let lease = Lease::take(&context.state, &receipt.id)?;
    let process = Process { mark: Some(lease.mark.clone()), ..process.clone() };
    match attached::run(&context.engine, container, &process, signals).await {
        Ok(code) if !is_cut_off(code) => Ok(code),
        Ok(_) | Err(_) if is_gone(context, receipt).await => {
            Err(context.why(receipt, SessionError::Stopped { name: receipt.name.clone() }).await)
        }
        ran => Ok(ran?),
    }
}
