//! The command line on the host.
#![expect(clippy::disallowed_methods, reason = "adapter: the process itself")]

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cloister::cli::run(std::env::args_os()))
}
