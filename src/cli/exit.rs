//! Exit codes of `cloister`. A command that runs in the sandbox gives its own instead.

/// It is done.
pub const OK: u8 = 0;
/// The world did not let it happen: no engine, no such file, no permission.
pub const FAILURE: u8 = 1;
/// The command line is not one of `cloister`'s.
pub const USAGE: u8 = 2;
/// Policy, or a file with mistakes in it, says no.
pub const REFUSED: u8 = 3;
/// `--check` found something at or above the severity.
pub const FOUND: u8 = 4;
/// The user interrupted it, as shells give it for SIGINT.
pub const INTERRUPTED: u8 = 130;
/// Its sandbox was stopped, as shells give it for SIGKILL.
pub const KILLED: u8 = 137;
