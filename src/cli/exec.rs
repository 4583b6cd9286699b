#![expect(clippy::disallowed_methods, reason = "adapter: the working directory and variables that are passed")]
//! `cloister exec`: a command in a sandbox that runs.

use std::path::Path;

use super::command;
use super::failure::Failure;
use super::output::say;
use super::plan::{failure, on_stderr};
use super::runtime;
use super::uncovered;
use crate::engine::exec::Process;
use crate::engine::receipt::Receipt;
use crate::engine::session::{self, Context, SessionError};
use crate::host::signals::Signals;
use crate::pipeline;
use crate::policy::Policy;

const EXAMPLES: &str = "\
Examples:
  cloister exec -- npm test             in the sandbox of this folder
  cloister exec web -- git status       in the sandbox named web
  tar c . | cloister exec -- tar t      bytes pass as they are";

/// What is said where the user stopped the guardian.
const CUT_OFF: &str =
    "cloister: you stopped the guardian, so the command reaches nothing; start it again: cloister guardian start\n";

/// Run a command in a sandbox that runs
///
/// Standard streams, signals and the exit code are the command's own. With a terminal on both sides it gets one. In a
/// folder below that of the sandbox, it runs in the corresponding folder inside.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, override_usage = "cloister exec [NAME] -- <COMMAND>...")]
pub struct Args {
    /// Name of the sandbox, or its folder; without one, the sandbox of this folder
    pub name: Option<String>,
    /// Command to run
    #[arg(last = true, required = true)]
    pub command: Vec<String>,
}

/// Runs the command and returns its exit code.
///
/// # Errors
/// No such sandbox runs, or the command cannot be run.
pub fn run(args: &Args) -> Result<u8, Failure> {
    // a mistake in it is shown at its line
    pipeline::policy().map_err(|error| failure(&error, on_stderr()))?;
    runtime::finish(async { exec(args).await.or_else(command::interrupted) })
}

async fn exec(args: &Args) -> Result<u8, SessionError> {
    let mut signals = Signals::listen().map_err(SessionError::Signals)?;
    let folder = std::env::current_dir().unwrap_or_default();
    let context = session::until_interrupted(&mut signals, Context::open()).await?;
    let receipt = session::select(&context, args.name.as_deref(), &folder)?;
    let policy = &pipeline::policy_for(Path::new(&receipt.workspace)).map_err(Box::new)?;
    let process = process(args, policy, &context, &receipt, &folder);
    let both = async {
        let ready = session::ready(&context, &receipt, policy.limits.free_space, process);
        let (served, ready) = tokio::join!(session::served(&context, policy, &receipt), ready);
        // That it may not run tells more than that it cannot.
        Ok::<_, SessionError>((served?, ready?))
    };
    let (served, ready) = session::until_interrupted(&mut signals, both).await?;
    uncovered::tell(&served.receipt);
    if served.is_cut_off {
        say(CUT_OFF);
    }
    command::run(&context, &served, ready, &mut signals).await
}

fn process(args: &Args, policy: &Policy, context: &Context, receipt: &Receipt, folder: &Path) -> Process {
    let from = if args.name.is_some() { session::From::Opened } else { session::From::Mounted };
    let place = session::inside(context, receipt, from, folder);
    let mut process = Process::new(args.command.clone(), &receipt.process).within(place);
    let passed = policy.env.pass.iter().filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)));
    process.env.extend(passed);
    process
}
