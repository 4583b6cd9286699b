//! What a command says, as a value; written at the very end.

use std::io::{self, Write};

use super::failure::Failure;

/// What a command prints, and its exit code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// Data.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
    /// Exit code.
    pub code: u8,
}

impl Output {
    /// Writes both texts, diagnostics first, and returns the exit code. A reader that has seen enough is no failure.
    ///
    /// # Errors
    /// Standard output cannot be written, for example because a disk is full.
    pub fn write(&self) -> Result<u8, Failure> {
        // Where standard error is gone, the exit code still tells.
        let _ = anstream::stderr().lock().write_all(self.stderr.as_bytes());
        let mut stdout = anstream::stdout().lock();
        match stdout.write_all(self.stdout.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(&WriteError { source: error })),
            _ => Ok(self.code),
        }
    }
}

/// Says something on standard error; where that is gone, nobody misses it.
pub(super) fn say(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct WriteError {
    source: io::Error,
}
