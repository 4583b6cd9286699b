//! Processes in a sandbox, through the engine's exec call.

pub mod attached;
pub mod captured;
pub mod lines;
pub mod piped;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use bollard::models::ExecConfig;
use bollard::query_parameters::ResizeExecOptionsBuilder;
use tokio::time::{Instant, sleep};

use super::connect::{CallError, Engine, Operation};
use super::hijack::{self, HijackError, Stream};
use super::receipt::ProcessDefaults;
use crate::host::random::{self, RandomError};
use crate::sandbox::protocol::{EXEC_MARK, INIT, RunRequest};

/// A key sequence that ends a terminal session without ending the process. The engine insists on having one, and its
/// default would swallow every Ctrl-P; this one begins with a key that hardly anything uses.
const DETACH_KEYS: &str = "ctrl-^,ctrl-^,ctrl-_,ctrl-^,ctrl-_,ctrl-^,ctrl-^,ctrl-_";
/// How long a process may take until it can be found by its mark.
const YOUTH: Duration = Duration::from_secs(3);
/// How often the engine is asked again for the exit code of a process whose output has ended.
const EXIT_TRIES: u32 = 200;

/// Why a process could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The engine did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The engine did not start it.
    #[error("could not run `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: HijackError,
    },
    /// The kernel gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Streams or terminal failed.
    #[error("could not pass on what the process reads and writes")]
    Streams(#[source] io::Error),
    /// Nobody knows how it ended.
    #[error("the engine does not say how `{program}` ended")]
    NoExitCode {
        /// The program.
        program: String,
    },
}

impl ExecError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Call(error) if error.message().contains("is paused") => Some(
                "somebody paused it: `docker ps` shows its container, `docker unpause CONTAINER` lets it go on"
                    .to_owned(),
            ),
            Self::Call(error) => error.hint(),
            Self::Start { .. } | Self::Random(_) | Self::Streams(_) | Self::NoExitCode { .. } => None,
        }
    }
}

/// A process to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Program and arguments.
    pub command: Vec<String>,
    /// `uid:gid`.
    pub user: String,
    /// Working directories; the first that can be entered counts.
    pub folders: Vec<String>,
    /// Environment on top of the container's.
    pub env: BTreeMap<String, String>,
    /// By what its processes are found again; `None` where nobody else has to.
    pub mark: Option<String>,
}

impl Process {
    /// Returns a process with what every process of a sandbox gets. A variable cannot be taken out of a container's
    /// environment: what should be unset is emptied.
    pub fn new(command: Vec<String>, defaults: &ProcessDefaults) -> Self {
        let env = defaults.env.iter().map(|(name, value)| (name.clone(), value.clone().unwrap_or_default()));
        let folders = vec![defaults.folder.clone()];
        Self { command, user: defaults.user.clone(), folders, env: env.collect(), mark: None }
    }

    /// The interactive shell.
    pub fn shell(defaults: &ProcessDefaults) -> Self {
        Self::new(vec![INIT.to_owned(), "shell".to_owned()], defaults)
    }

    /// Returns the process in a folder, where there is one and it can be entered.
    #[must_use]
    pub fn within(mut self, folder: Option<String>) -> Self {
        self.folders.splice(..0, folder);
        self
    }

    /// What our own program is told to become, where it waits for it.
    fn request(&self) -> RunRequest {
        let Self { folders, command, env, .. } = self.clone();
        RunRequest { folders, command, env }
    }

    /// The command through our own program, which says why it cannot run in words and exit codes of a shell.
    fn arguments(&self) -> Vec<String> {
        let before = [INIT.to_owned(), "run".to_owned()].into_iter().chain(self.folders.iter().cloned());
        before.chain(["--".to_owned()]).chain(self.command.iter().cloned()).collect()
    }

    fn program(&self) -> String {
        self.command.first().cloned().unwrap_or_default()
    }
}

/// What a process is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Streams {
    /// Whether it gets standard input.
    pub stdin: bool,
    /// Size of its terminal; `None` without one.
    pub terminal: Option<(u16, u16)>,
}

/// A process that was started.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    engine: &'a Engine,
    container: String,
    program: String,
    user: String,
    id: String,
    mark: String,
    begun: Instant,
}

/// Starts a process. Its stream is multiplexed unless it has a terminal.
pub(crate) async fn start<'a>(
    engine: &'a Engine,
    container: &str,
    process: &Process,
    streams: Streams,
) -> Result<(Running<'a>, Stream), ExecError> {
    let env = process.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    begin(engine, container, process, (process.arguments(), env), streams).await
}

/// Starts what becomes a process without a terminal once its stream says so; until then nothing of it is inside.
pub(crate) async fn start_waiting<'a>(
    engine: &'a Engine,
    container: &str,
    process: &Process,
) -> Result<(Running<'a>, Stream), ExecError> {
    let waiting = [INIT, "run"].map(str::to_owned).into();
    begin(engine, container, process, (waiting, Vec::new()), Streams { stdin: true, terminal: None }).await
}

async fn begin<'a>(
    engine: &'a Engine,
    container: &str,
    process: &Process,
    (arguments, mut env): (Vec<String>, Vec<String>),
    streams: Streams,
) -> Result<(Running<'a>, Stream), ExecError> {
    let mark = process.mark.clone().map_or_else(random::mark, Ok)?;
    env.push(format!("{EXEC_MARK}={mark}"));
    let tty = streams.terminal.is_some();
    let config = ExecConfig {
        attach_stdin: Some(streams.stdin),
        attach_stdout: Some(true),
        attach_stderr: Some(!tty),
        console_size: streams.terminal.map(|(rows, columns)| vec![rows.into(), columns.into()]),
        detach_keys: Some(DETACH_KEYS.to_owned()),
        tty: Some(tty),
        env: Some(env),
        cmd: Some(arguments),
        privileged: Some(false),
        user: Some(process.user.clone()),
        working_dir: Some("/".to_owned()),
    };
    let program = process.program();
    tracing::debug!(program, "a process is started in the sandbox");
    let created = engine.docker.create_exec(container, config).await;
    let id = created.operation(|| format!("prepare `{program}` in the sandbox"))?.id;
    let json = serde_json::json!({ "Detach": false, "Tty": tty }).to_string();
    let stream = hijack::upgrade(&engine.endpoint, &format!("/exec/{id}/start"), json).await;
    let stream = stream.map_err(|source| ExecError::Start { program: program.clone(), source })?;
    let (container, user, begun) = (container.to_owned(), process.user.clone(), Instant::now());
    Ok((Running { engine, container, program, user, id, mark, begun }, stream))
}

impl Running<'_> {
    /// Tells the process how large its terminal is now.
    pub(crate) async fn resize(&self, (rows, columns): (u16, u16)) {
        let options = ResizeExecOptionsBuilder::default().h(rows.into()).w(columns.into()).build();
        // A process that has ended has no size.
        let _ = self.engine.docker.resize_exec(&self.id, options).await;
    }

    /// Sends a signal to everything that the process started: the engine cannot, a second process can. The engine says
    /// that a process is started before it is: one that is not there yet is looked for again. Returns whether anything was there.
    pub(crate) async fn signal(&self, name: &str) -> Result<bool, ExecError> {
        loop {
            if signal(self.engine, &self.container, &self.user, &self.mark, name).await? {
                return Ok(true);
            }
            if self.begun.elapsed() > YOUTH || self.has_ended().await? {
                return Ok(false);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn has_ended(&self) -> Result<bool, ExecError> {
        let inspected = self.engine.docker.inspect_exec(&self.id).await;
        Ok(inspected.operation(|| format!("ask about `{}`", self.program))?.exit_code.is_some())
    }

    /// Returns the exit code, once the streams have ended.
    pub(crate) async fn exit_code(&self) -> Result<u8, ExecError> {
        for attempt in 0..EXIT_TRIES {
            let inspected = self.engine.docker.inspect_exec(&self.id).await;
            let inspected = inspected.operation(|| format!("ask how `{}` ended", self.program))?;
            if let (Some(false), Some(code)) = (inspected.running, inspected.exit_code) {
                return Ok(u8::try_from(code).unwrap_or(u8::MAX));
            }
            sleep(Duration::from_millis(u64::from(attempt.min(50)))).await;
        }
        Err(ExecError::NoExitCode { program: self.program.clone() })
    }
}

/// Sends a signal to every process with a mark, and returns whether there was one.
pub(crate) async fn signal(
    engine: &Engine,
    container: &str,
    user: &str,
    mark: &str,
    name: &str,
) -> Result<bool, ExecError> {
    let process = Process {
        command: [INIT, "signal", mark, name].map(str::to_owned).into(),
        user: user.to_owned(),
        folders: Vec::new(),
        env: BTreeMap::new(),
        mark: None,
    };
    let streams = Streams { stdin: false, terminal: None };
    let (sender, mut stream) = Box::pin(start(engine, container, &process, streams)).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(ExecError::Streams)?;
    Ok(sender.exit_code().await? == 0)
}
