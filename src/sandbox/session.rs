#![expect(clippy::disallowed_methods, reason = "adapter: replaces this process")]
//! A command in a session of its own, so that a signal to it reaches its whole process group and nothing else.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::SigSet;

/// Exit code of a shell for a command that is not there.
pub const NOT_FOUND_EXIT: i32 = 127;
/// Exit code of a shell for a command that cannot be run.
pub const NOT_RUN_EXIT: i32 = 126;

/// Replaces this process with the command; returns only when that is not possible.
///
/// # Errors
/// Always: the system's reason.
pub fn become_command(command: &[OsString]) -> io::Error {
    let [program, arguments @ ..] = command else {
        return io::Error::new(io::ErrorKind::InvalidInput, "no command");
    };
    if let Err(errno) = rustix::process::setsid() {
        return errno.into();
    }
    // Process 1 blocks signals, and the mask is inherited.
    if let Err(errno) = SigSet::empty().thread_set_mask() {
        return errno.into();
    }
    Command::new(program).args(arguments).exec()
}

/// The exit code that a shell would give for this failure.
#[must_use]
pub fn exit_code(error: &io::Error) -> i32 {
    if error.kind() == io::ErrorKind::NotFound { NOT_FOUND_EXIT } else { NOT_RUN_EXIT }
}
