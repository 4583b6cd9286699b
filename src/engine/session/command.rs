//! The command that somebody waits for, and what is said when its sandbox went away meanwhile.

use super::super::exec::Process;
use super::super::exec::attached::{self, Prepared};
use super::super::lease::Lease;
use super::super::receipt::Receipt;
use super::refused::refused_since;
use super::room::Room;
use super::start::{is_cut_off, is_gone};
use super::{Context, Served, SessionError, room};
use crate::control::client;
use crate::guardian::protocol::Refusals;
use crate::host::signals::Signals;

/// A process that ended by itself.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: u8,
    /// What it did not reach.
    pub refusals: Refusals,
}

/// A process that may run once its sandbox is served.
#[derive(Debug)]
pub struct Ready<'a> {
    prepared: Prepared<'a>,
    _lease: Lease,
}

/// Prepares a process in a sandbox that may turn out not to be one: nothing of it is inside before [`command`].
///
/// # Errors
/// The engine does not do it, or there is too little room.
pub async fn ready<'a>(
    context: &'a Context,
    receipt: &Receipt,
    free_space: u64,
    process: Process,
) -> Result<Ready<'a>, SessionError> {
    Room::of(context, receipt, free_space).check()?;
    let container = receipt.container.as_deref().unwrap_or_default();
    let lease = Lease::take(&context.state, &receipt.id)?;
    let process = Process { mark: Some(lease.mark.clone()), ..process };
    match attached::prepare(&context.engine, container, process).await {
        Ok(prepared) => Ok(Ready { prepared, _lease: lease }),
        Err(_) if is_gone(context, receipt).await => Err(stopped(context, receipt).await),
        Err(error) => Err(error.into()),
    }
}

/// What is said when the sandbox went away meanwhile.
async fn stopped(context: &Context, receipt: &Receipt) -> SessionError {
    context.why(receipt, SessionError::Stopped { name: receipt.name.clone() }).await
}

/// Runs a process with this process's standard streams.
///
/// # Errors
/// It cannot be run, the user said stop before, or somebody stopped the sandbox meanwhile.
pub async fn command(
    context: &Context,
    served: &Served,
    ready: Ready<'_>,
    signals: &mut Signals,
) -> Result<Ran, SessionError> {
    let receipt = &served.receipt;
    if signals.waiting().is_some() {
        return Err(SessionError::InterruptedBefore);
    }
    let running = ready.prepared.run(signals, refused_since(context, served));
    let running = room::while_enough(context, receipt, served.free_space, running);
    // Whoever works in the sandbox can be asked for, whatever happens to the control plane.
    let ran = tokio::select! {
        ran = running => ran?,
        never = client::keep(context.state.root()) => match never {},
    };
    match ran {
        Ok((code, refusals)) if !is_cut_off(code) => Ok(Ran { code, refusals }),
        Ok(_) | Err(_) if is_gone(context, receipt).await => Err(stopped(context, receipt).await),
        ran => {
            let (code, refusals) = ran?;
            Ok(Ran { code, refusals })
        }
    }
}
