#![expect(clippy::disallowed_methods, reason = "adapter: the working directory")]
//! `cloister stop`: a sandbox's container and network go, its volumes and home folder stay.

use super::cloned;
use super::exit;
use super::failure::Failure;
use super::head;
use super::output::Output;
use super::review;
use super::runtime;
use crate::engine::session::{self, Context, SelectError, SessionError, Stopped};

const EXAMPLES: &str = "\
Examples:
  cloister stop       the sandbox of this folder
  cloister stop web   the sandbox named web";

/// Stop a sandbox
///
/// Its container and network are removed. Volumes and its home folder stay for the next start. What changed in the
/// project meanwhile that your own tools would run or trust is listed, and what of its clone was not pulled is counted.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the sandbox, or its folder; without one, the sandbox of this folder
    pub name: Option<String>,
}

/// Stops the sandbox.
///
/// # Errors
/// No such sandbox is known, or the engine does not do it.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut said = String::new();
    runtime::finish(async {
        let context = Context::open().await?;
        let folder = std::env::current_dir().unwrap_or_default();
        let receipt = match session::select(&context, args.name.as_deref(), &folder) {
            Err(SessionError::Select(SelectError::NotHere)) => {
                let name = session::end_build(&context, &folder).await?.ok_or(SelectError::NotHere)?;
                said = format!("`{name}` stopped\n");
                return Ok(exit::OK);
            }
            selected => selected?,
        };
        let unlike = head::said(&receipt.name, &head::now(&context, &receipt).await);
        said = match session::stop(&context, &receipt).await? {
            Some(Stopped { name, existed, review, clone }) => {
                let how = if existed { "stopped" } else { "was stopped already" };
                let unlike = if existed { unlike.as_str() } else { "" };
                let clone = cloned::at_stop(&name, clone.as_ref());
                format!("`{name}` {how}\n{unlike}{}{clone}", review::short(review.as_ref()))
            }
            None => format!("`{}` was stopped already\n", receipt.name),
        };
        Ok::<_, SessionError>(exit::OK)
    })?;
    Output { stderr: said, ..Output::default() }.write()
}
