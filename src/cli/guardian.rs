//! `cloister guardian`: the proxy that every sandbox talks to, by hand.

mod report;

use super::approve;
use super::exit;
use super::failure::Failure;
use super::list::Format;
use super::output::Output;
use super::plan::{failure, on_stderr};
use super::runtime;
use crate::control::client::Connection;
use crate::control::protocol::{Ask, Reply};
use crate::engine::guardian::{self, Activity, Channel, Found};
use crate::engine::session::{self, Context, SessionError};
use crate::engine::state::StateFolder;
use crate::guardian::protocol::Status;
use crate::pipeline::{self, unix_milliseconds};
use crate::policy::Policy;

const EXAMPLES: &str = "\
Examples:
  cloister guardian status   whether it runs, and what it has decided
  cloister guardian reload   after a change to config.json5";

/// Look at the guardian, start or stop it, or hand it a changed policy
///
/// `cloister start` does what is needed by itself. While the guardian is away, nothing leaves a sandbox.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the guardian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum Action {
    /// Start it, unless it runs
    #[command(after_help = "Example:\n  cloister guardian start")]
    Start,
    /// Stop it; sandboxes stay, and nothing leaves them until it is started again
    #[command(after_help = "Example:\n  cloister guardian stop")]
    Stop,
    /// Tell whether it runs, and what it has decided
    #[command(after_help = "Example:\n  cloister guardian status --format json")]
    Status {
        /// Form of the answer
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Read config.json5 again, and put it in force for every sandbox that runs
    #[command(after_help = "Example:\n  cloister guardian reload")]
    Reload,
}

/// Does it.
///
/// # Errors
/// The engine or the guardian does not do it, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut output = Output::default();
    let policy = match args.action {
        // What looks or closes works whatever is wrong with a file.
        Action::Stop | Action::Status { .. } => Policy::builtin(),
        Action::Start | Action::Reload => pipeline::policy().map_err(|error| failure(&error, on_stderr()))?,
    };
    runtime::finish(async {
        output = act(&Context::open().await?, &policy, args.action).await?;
        Ok::<_, SessionError>(exit::OK)
    })?;
    output.write()
}

async fn act(context: &Context, policy: &Policy, action: Action) -> Result<Output, SessionError> {
    let Context { engine, state, programs, .. } = context;
    let said = |text: &str| Output { stderr: format!("{text}\n"), ..Output::default() };
    match action {
        Action::Start => {
            let _lock = state.lock().await?;
            guardian::ensure(engine, state, programs, policy.network.pool).await?;
            Ok(said("the guardian runs"))
        }
        Action::Reload => {
            let names = session::reload(context, policy).await?;
            Ok(said(&match names.as_slice() {
                [] => "no sandbox runs; the next one starts with the new policy".to_owned(),
                names => format!("the policy is in force for {}", names.join(", ")),
            }))
        }
        Action::Stop => {
            let _lock = state.lock().await?;
            let found = guardian::find(engine, state).await?;
            guardian::stop(engine, state).await?;
            let stopped = found.is_some_and(|found| found.activity != Activity::Stopped);
            Ok(said(if stopped { "the guardian stopped" } else { "the guardian is not running" }))
        }
        Action::Status { format } => {
            let _lock = state.lock().await?;
            let status = match guardian::find(engine, state).await? {
                Some(Found { activity: Activity::Running, id, .. }) => {
                    report::Guardian::Runs(status(context, &id).await?)
                }
                Some(Found { activity: Activity::Paused, .. }) => report::Guardian::Paused,
                _ => report::Guardian::Away,
            };
            let stderr = mistakes(state).await;
            Ok(Output { stdout: report::show(&status, format, unix_milliseconds()), stderr, ..Output::default() })
        }
    }
}

/// Says what is wrong with the user's files; without a control plane nobody knows more than this command.
async fn mistakes(state: &StateFolder) -> String {
    let Ok(Some(mut connection)) = Connection::open(state.root()).await else { return String::new() };
    match connection.ask(&Ask::Inbox { since: 0 }).await {
        Ok(Reply::Inbox(inbox)) => approve::mistakes(&inbox.mistakes),
        _ => String::new(),
    }
}

async fn status(context: &Context, container: &str) -> Result<Status, SessionError> {
    Ok(Channel::status_of(&context.engine, &context.state, container).await.map_err(guardian::GuardianError::from)?)
}
