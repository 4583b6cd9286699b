//! `cloister completions`: what shells need to complete the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::failure::Failure;
use super::output::Output;

const EXAMPLE: &str = "\
Example:
  mkdir -p ~/.local/share/bash-completion/completions
  cloister completions bash > ~/.local/share/bash-completion/completions/cloister";

/// Print completions for a shell
///
/// The script goes to standard output; where it belongs is the shell's business.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    Output { stdout: script(args.shell), ..Output::default() }.write()
}

/// Returns the script.
#[must_use]
pub fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cloister", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
