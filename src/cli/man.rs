//! `cloister man`: the manual page, made from the same source as `--help`.

use std::io;

use clap::CommandFactory;
use clap_mangen::Man;

use super::Cli;
use super::failure::Failure;
use super::output::Output;

const EXAMPLE: &str = "\
Examples:
  cloister man | man -l -
  cloister man plan > ~/.local/share/man/man1/cloister-plan.1";

/// Print the manual page
///
/// Without COMMAND the page of `cloister` itself, which names the others.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Args {
    /// Page of this command
    pub command: Option<String>,
}

/// The page could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ManError {
    /// There is no such command.
    #[error("`{name}` is not a command of cloister")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The page could not be written.
    #[error("cannot write the manual page")]
    Write {
        /// Why.
        source: io::Error,
    },
}

/// Prints the page.
///
/// # Errors
/// There is no such command, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let stdout = page(args.command.as_deref())
        .map_err(|error| Failure::new(&error).hint(["`cloister --help` lists the commands"]))?;
    Output { stdout, ..Output::default() }.write()
}

/// Returns the page in roff.
///
/// # Errors
/// There is no such command.
pub fn page(name: Option<&str>) -> Result<String, ManError> {
    let mut cli = Cli::command();
    cli.build();
    let command = match name {
        None => cli,
        Some(name) => match cli.find_subcommand(name) {
            Some(command) => command.clone(),
            None => return Err(ManError::Unknown { name: name.to_owned() }),
        },
    };
    let mut bytes = Vec::new();
    let page = Man::new(command).source(concat!("cloister ", env!("CARGO_PKG_VERSION"))).manual("cloister");
    page.render(&mut bytes).map_err(|source| ManError::Write { source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
