#![expect(clippy::disallowed_methods, reason = "adapter: the working directory")]
//! `cloister path`: the folder that a sandbox works on.

use super::exit;
use super::failure::Failure;
use super::output::Output;
use super::runtime;
use crate::engine::session::{self, Context, SessionError};

const EXAMPLES: &str = "\
Examples:
  cloister path web             the folder of the sandbox named web
  cd \"$(cloister path web)\"   go there";

/// Print the folder that a sandbox works on
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the sandbox
    pub name: String,
}

/// Prints the folder.
///
/// # Errors
/// No such sandbox is known, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut path = String::new();
    runtime::finish(async {
        let context = Context::open().await?;
        let folder = std::env::current_dir().unwrap_or_default();
        path = session::select(&context, Some(&args.name), &folder)?.workspace;
        Ok::<_, SessionError>(exit::OK)
    })?;
    Output { stdout: path + "\n", ..Output::default() }.write()
}
