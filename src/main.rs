//! The command line on the host.
#![expect(clippy::disallowed_methods, reason = "adapter: the process itself")]

use std::ffi::OsString;
use std::process::ExitCode;

use cloister::host::leash;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if leash::is_meant(arguments.first()) {
        return leash::become_program(&arguments[1..]);
    }
    ExitCode::from(cloister::cli::run(arguments))
}
