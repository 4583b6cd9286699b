#![expect(clippy::disallowed_methods, reason = "adapter: how long a command of the host runs")]
//! `initializeCommand`, as it was approved: commands of the user's machine, one after the other, at each start, before
//! anything is made (SEC-03). They are held as every command of the host is: bounded, without a terminal, in a family of
//! processes that ends as a whole.
//!
//! Invariant: what runs is what the plan says and was approved, and none runs that the audit log does not have.

use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::control::audit::event::{Phase, Sandbox};
use crate::control::client::{self, Connection, ControlError};
use crate::control::hostexec::run::{Ended, How, Output};
use crate::control::hostexec::{self, Account, Keeper, Note, Place, Prepared as Command};
use crate::control::protocol::Ask;
use crate::engine::apply::Audited;
use crate::engine::exec::lines::Lines;
use crate::engine::session::{Context, SessionError};
use crate::host::signals::Signals;
use crate::host::terminal;
use crate::ident::{SandboxId, display_name};
use crate::pipeline::Prepared;
use crate::plan::Plan;
use crate::plan::model::{Hook, HookStatus, Place as Where};
use crate::sandbox::hostexec::protocol::{Refusal, Run};

/// Pieces of output that wait to be shown.
const PIECES: usize = 16;

/// Why a start goes no further.
#[derive(Debug, thiserror::Error)]
pub(super) enum InitializeError {
    /// It did not run, or not to its end.
    #[error("`{place}` did not run: {}", reason.text)]
    Refused {
        /// Which.
        place: String,
        /// Why.
        reason: Refusal,
    },
    /// It is another file than the one that was approved.
    #[error("`{place}` did not run: its program lies in the folder, and is not what was approved")]
    Changed {
        /// Which.
        place: String,
    },
    /// It failed.
    #[error("`{place}` failed with exit code {code}, so nothing was started")]
    Failed {
        /// Which.
        place: String,
        /// Its exit code.
        code: i32,
    },
    /// A signal ended it.
    #[error("`{place}` was ended by signal {number}, so nothing was started")]
    Signal {
        /// Which.
        place: String,
        /// The signal.
        number: i32,
    },
    /// The control plane did not write it down.
    #[error("`{place}` did not run: it could not be written down")]
    Unwritten {
        /// Which.
        place: String,
        /// Why.
        #[source]
        source: ControlError,
    },
}

impl InitializeError {
    /// Returns what to do next.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Changed { .. } => Some("look at it and approve it: cloister trust --hook initialize".to_owned()),
            Self::Unwritten { source, .. } => source.hint(),
            Self::Refused { .. } | Self::Failed { .. } | Self::Signal { .. } => {
                Some("start without it: cloister trust --revoke --hook initialize".to_owned())
            }
        }
    }
}

/// Runs what was approved of a plan's commands for the host.
pub(super) async fn run<E: From<InitializeError> + From<SessionError>>(
    context: &Context,
    prepared: &Prepared,
    plan: &Plan,
    signals: &mut Signals,
) -> Result<(), E> {
    let is_approved = |hook: &&Hook| hook.place == Where::Host && hook.status == HookStatus::Run;
    let hooks: Vec<&Hook> = plan.lifecycle.iter().filter(is_approved).collect();
    if !hooks.is_empty() {
        Audited::new(plan, &prepared.policy).map_err(SessionError::from)?;
    }
    for hook in hooks {
        let one = One { context, prepared, hook };
        let how = one.run(signals).await?;
        if signals.waiting().is_some() {
            return Err(SessionError::Interrupted.into());
        }
        one.judge(how)?;
    }
    Ok(())
}

/// One command.
struct One<'a> {
    context: &'a Context,
    prepared: &'a Prepared,
    hook: &'a Hook,
}

impl One<'_> {
    async fn run(&self, signals: &mut Signals) -> Result<How, InitializeError> {
        let command = match self.prepare().await {
            Ok(command) => command,
            Err(reason) => return Err(InitializeError::Refused { place: self.place(), reason }),
        };
        // A program of the folder is a part of what was approved, and what was read of it is what runs.
        let own = command.command.content.as_ref().map(|_| format!("sha256:{}", command.command.program.sha256));
        if own != self.hook.script {
            return Err(InitializeError::Changed { place: self.place() });
        }
        let note = Note::of(&command.command);
        self.note(note.at(Phase::Asked)).await?;
        self.note(note.at(Phase::Started)).await?;
        let begun = Instant::now();
        let (Ended { how, .. }, written) = self.show(command, signals).await;
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.note(note.ended(&how, written, milliseconds)).await?;
        Ok(how)
    }

    /// Finds out what exactly would run, by the user's own rules for commands of the host: one that denies it wins.
    async fn prepare(&self) -> Result<Command, Refusal> {
        let host = &self.prepared.host;
        let run = Run { argv: self.hook.command.clone(), cwd: host.folder.display().to_string(), stdin: false };
        let target = host.mount_root.display().to_string();
        // An agent can write the folder, or could in an earlier life of the sandbox.
        let place = Place { target, source: host.mount_root.clone(), agents_write: true };
        let rules = self.prepared.policy.hostexec.clone();
        let preparing = spawn_blocking(move || hostexec::prepare(&run, &place, &rules, &Account::current()));
        preparing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Runs it to its end, with a name before each line of what it writes; returns the bytes of both streams.
    async fn show(&self, command: Command, signals: &mut Signals) -> (Ended, [u64; 2]) {
        let (input, inputs) = mpsc::channel(1);
        let (outputs, mut output) = mpsc::channel(PIECES);
        let keeper = Keeper::default();
        let mut running = std::pin::pin!(hostexec::run(command, &keeper, inputs, outputs));
        let prefix = format!("[{}] ", self.place().escape_debug());
        let showing = async {
            let mut written = [0, 0];
            let terminal = terminal::stderr_is_terminal();
            let mut streams = [Lines::new(&prefix, terminal), Lines::new(&prefix, terminal)];
            while let Some(piece) = output.recv().await {
                let (at, bytes) = match piece {
                    Output::Stdout(bytes) => (0, bytes),
                    Output::Stderr(bytes) => (1, bytes),
                    Output::Started | Output::Taken => continue,
                };
                written[at] += bytes.len() as u64;
                let mut text = Vec::new();
                streams[at].append(&mut text, &bytes);
                put(&text).await;
            }
            let mut text = Vec::new();
            streams.iter_mut().for_each(|lines| lines.end(&mut text));
            put(&text).await;
            written
        };
        let ending = async {
            let mut ears = signals.clone();
            let mut input = Some(input);
            loop {
                tokio::select! {
                    ended = &mut running => break ended,
                    // Without its input the command ends, with everything that it started.
                    _ = ears.next(), if input.is_some() => input = None,
                }
            }
        };
        tokio::join!(ending, showing)
    }

    fn judge(&self, how: How) -> Result<(), InitializeError> {
        let place = self.place();
        match how {
            How::Exited(0) => Ok(()),
            How::Exited(code) => Err(InitializeError::Failed { place, code }),
            How::Signal(number) => Err(InitializeError::Signal { place, number }),
            How::Refused(reason) => Err(InitializeError::Refused { place, reason }),
            How::Cancelled => {
                let reason = crate::sandbox::hostexec::protocol::Reason::Unavailable.because("it was cancelled");
                Err(InitializeError::Refused { place, reason })
            }
        }
    }

    async fn note(&self, command: crate::control::audit::event::HostCommand) -> Result<(), InitializeError> {
        let state = self.context.state.root();
        let folder = &self.prepared.host.folder;
        let id = SandboxId::derive(self.context.state.uid(), folder).as_str().to_owned();
        let sandbox = Sandbox { id, name: display_name(folder) };
        let told = async {
            // One that nobody needed for a while has ended.
            client::ensure(state).await?;
            let mut connection = Connection::open(state).await?.ok_or(ControlError::Ended)?;
            connection.ask(&Ask::Note { sandbox, command }).await.map(drop)
        };
        told.await.map_err(|source| InitializeError::Unwritten { place: self.place(), source })
    }

    fn place(&self) -> String {
        let name = &self.hook.name;
        if name.is_empty() { "initializeCommand".to_owned() } else { format!("initializeCommand/{name}") }
    }
}

/// Where nobody reads, nothing is shown.
async fn put(text: &[u8]) {
    let mut output = tokio::io::stderr();
    let _ = output.write_all(text).await;
    let _ = output.flush().await;
}
