//! The command or shell that `start` and `exec` end with.

use super::exit;
use super::failure::Failure;
use super::refused;
use crate::engine::session::{self, Context, Ran, Ready, Served, SessionError};
use crate::host::signals::Signals;

/// Runs it, says what was refused to it, and returns its exit code.
pub(super) async fn run(
    context: &Context,
    served: &Served,
    ready: Ready<'_>,
    signals: &mut Signals,
) -> Result<u8, SessionError> {
    match session::command(context, served, ready, signals).await {
        // The command was killed with its sandbox: its exit code is as of one that was killed.
        Err(error @ (SessionError::Stopped { .. } | SessionError::Full { .. })) => Ok(print(&error, exit::KILLED)),
        ran => {
            let Ran { code, refusals } = ran?;
            refused::tell(refusals);
            Ok(code)
        }
    }
}

/// An end that the user wanted has an exit code of its own.
pub(super) fn interrupted(error: SessionError) -> Result<u8, SessionError> {
    if error.is_interrupt() { Ok(print(&error, exit::INTERRUPTED)) } else { Err(error) }
}

fn print(error: &SessionError, code: u8) -> u8 {
    Failure::explained(error).code(code).print()
}
