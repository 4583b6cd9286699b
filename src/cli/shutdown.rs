//! `cloister shutdown`: every sandbox and the guardian.

use super::exit;
use super::failure::Failure;
use super::output::Output;
use super::review;
use super::runtime;
use crate::engine::session::{self, Context, SessionError, Shutdown, Stopped};

const EXAMPLES: &str = "\
Examples:
  cloister shutdown   before an update, or when the day is over";

/// Stop every sandbox and the guardian
///
/// Volumes and home folders stay, as after `cloister stop`. It is no failure if nothing runs; exit code 1 says that
/// something could not be stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Stops everything.
///
/// # Errors
/// Nobody knows what there is to stop, or the engine does not answer.
pub fn run(Args {}: &Args) -> Result<u8, Failure> {
    let mut said = String::new();
    let mut failures = Vec::new();
    runtime::finish(async {
        let Shutdown { stopped, failed, guardian } = session::shutdown(&Context::open().await?).await?;
        let line = |one: &Stopped| format!("`{}` stopped\n{}", one.name, review::short(one.review.as_ref()));
        said = stopped.iter().map(line).collect();
        said += match (guardian, said.is_empty() && failed.is_empty()) {
            (true, _) => "the guardian stopped\n",
            (false, true) => "nothing runs\n",
            (false, false) => "",
        };
        failures = failed.iter().map(Failure::explained).collect();
        Ok::<_, SessionError>(exit::OK)
    })?;
    let code = Output { stderr: said, ..Output::default() }.write()?;
    Ok(failures.iter().map(Failure::print).fold(code, u8::max))
}
