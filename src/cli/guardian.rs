//! `cloister guardian`: the proxy that every sandbox talks to, by hand.

use ipnet::Ipv4Net;

use super::exit;
use super::failure::Failure;
use super::list::Format;
use super::output::Output;
use super::plan::{failure, on_stderr};
use super::runtime;
use crate::engine::guardian::{self, Channel};
use crate::engine::session::{Context, SessionError};
use crate::guardian::protocol::Status;
use crate::pipeline;

const EXAMPLES: &str = "\
Examples:
  cloister guardian status   whether it runs, and what it has decided
  cloister guardian reload   a new one, with the policies of every sandbox that runs";

/// Look at the guardian, or start, stop and replace it
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
    Start,
    /// Stop it; sandboxes stay, and nothing leaves them
    Stop,
    /// Tell whether it runs, and what it has decided
    Status {
        /// Form of the answer
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Replace it by a new one
    Reload,
}

/// Does it.
///
/// # Errors
/// The engine or the guardian does not do it, or standard output cannot be written.
pub fn run(args: &Args) -> Result<u8, Failure> {
    let policy = pipeline::policy().map_err(|error| failure(&error, on_stderr()))?;
    let mut output = Output::default();
    runtime::finish(
        async {
            output = act(&Context::open().await?, policy.network.pool, args.action).await?;
            Ok(exit::OK)
        },
        SessionError::hint,
    )?;
    output.write()
}

async fn act(context: &Context, pool: Ipv4Net, action: Action) -> Result<Output, SessionError> {
    let Context { engine, state, programs, .. } = context;
    let _lock = state.lock().await?;
    let said = |text: &str| Output { stderr: format!("{text}\n"), ..Output::default() };
    match action {
        Action::Start => {
            guardian::ensure(engine, state, programs, pool).await?;
            Ok(said("the guardian runs"))
        }
        Action::Reload => {
            guardian::reload(engine, state, programs, pool).await?;
            Ok(said("the guardian was replaced"))
        }
        Action::Stop => {
            guardian::remove(engine, state).await?;
            Ok(said("the guardian stopped"))
        }
        Action::Status { format } => {
            let status = match guardian::find(engine, state).await? {
                Some(found) if found.running => Some(status(context, &found.id).await?),
                _ => None,
            };
            Ok(show(status.as_ref(), format))
        }
    }
}

async fn status(context: &Context, container: &str) -> Result<Status, SessionError> {
    let mut channel = Channel::open(&context.engine, container).await.map_err(guardian::GuardianError::from)?;
    Ok(channel.status().await.map_err(guardian::GuardianError::from)?)
}

fn show(status: Option<&Status>, format: Format) -> Output {
    let stdout = match (format, status) {
        (Format::Json, status) => {
            let value = serde_json::json!({ "running": status.is_some(), "status": status });
            serde_json::to_string_pretty(&value).expect("the keys are texts") + "\n"
        }
        (Format::Text, None) => "the guardian does not run\n".to_owned(),
        (Format::Text, Some(Status { sandboxes, connections, allowed, refused, last_event, lost_events })) => format!(
            "the guardian runs\nsandboxes    {}\nconnections  {connections}\nallowed      {allowed}\nrefused      {refused}\n\
             events       {last_event}, of which {lost_events} were lost\n",
            sandboxes.len()
        ),
    };
    Output { stdout, ..Output::default() }
}
