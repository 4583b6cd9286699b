//! The command line on the host.
#![expect(clippy::disallowed_methods, reason = "adapter: the process itself")]

use std::ffi::OsString;
use std::process::ExitCode;

use cloister::control::hostexec::run::keeper;
use cloister::host::leash;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if leash::is_meant(arguments.first()) {
        return leash::become_program(&arguments[1..]);
    }
    if keeper::is_meant(arguments.first()) {
        return keeper::keep();
    }
    ExitCode::from(cloister::cli::run(arguments))
}
