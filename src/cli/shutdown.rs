//! `cloister shutdown`: every sandbox and the guardian.

use super::exit;
use super::failure::Failure;
use super::output::Output;
use super::review;
use super::runtime;
use crate::engine::session::{self, Context, SessionError};

const EXAMPLES: &str = "\
Examples:
  cloister shutdown   before an update, or when the day is over";

/// Stop every sandbox and the guardian
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Stops everything.
///
/// # Errors
/// The engine does not do it.
pub fn run(Args {}: &Args) -> Result<u8, Failure> {
    let mut stopped = Vec::new();
    runtime::finish(
        async {
            stopped = session::shutdown(&Context::open().await?).await?;
            Ok(exit::OK)
        },
        SessionError::hint,
    )?;
    let said: String =
        stopped.iter().map(|one| format!("`{}` stopped\n{}", one.name, review::short(one.review.as_ref()))).collect();
    Output { stderr: said + "the guardian stopped\n", ..Output::default() }.write()
}
