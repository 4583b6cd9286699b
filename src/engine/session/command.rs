//! The command that somebody waits for, and what is said when its sandbox went away meanwhile.

use super::super::exec::{Process, attached};
use super::super::lease::Lease;
use super::super::receipt::Receipt;
use super::start::{KILLED, is_gone};
use super::{Context, SessionError};
use crate::host::signals::Signals;

/// Exit code that the engine gives to a command that a container ended before.
const NOT_RUN: u8 = 126;

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
        Ok(KILLED | NOT_RUN) | Err(_) if is_gone(context, receipt).await => {
            Err(context.why(receipt, SessionError::Stopped { name: receipt.name.clone() }).await)
        }
        ran => Ok(ran?),
    }
}
