//! The asynchronous runtime, for commands that talk to the engine, and for them only: it costs a millisecond.

use std::io;

use super::failure::{Explained, Failure};

/// The runtime could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the asynchronous runtime")]
struct RuntimeError {
    source: io::Error,
}

/// Runs a command to its end on this thread; an error becomes a failure with all that it can say.
///
/// # Errors
/// What the command returned, or the runtime's own.
pub fn finish<E: Explained>(command: impl Future<Output = Result<u8, E>>) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Failure::new(&RuntimeError { source }))?;
    let result = runtime.block_on(command);
    // A read of standard input that nobody waits for any more would keep the process alive.
    runtime.shutdown_background();
    result.map_err(|error| Failure::explained(&error))
}
