#![expect(clippy::disallowed_methods, reason = "adapter: a process in the background")]
//! The process: one for each state folder, held by a lock; a socket for the command line; and one task that owns
//! everything there is to decide about, so that nothing needs a lock.

mod asking;
mod kept;
mod life;
mod notify;
mod numbers;
mod plane;
mod policies;
mod session;
mod socket;
mod streams;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use self::plane::{Next, Plane};
use self::socket::Listener;
use super::audit::event::HostCommand;
use super::client;
use super::protocol::{Ask, Reply};
use crate::engine::guardian::Heard;
use crate::engine::session::{Context, SessionError};
use crate::host::lock::Lock;
use crate::sandbox::protocol::Asking;

/// How often files of the policy are looked at, and what waits for a time.
const TICK: Duration = Duration::from_secs(1);

/// Inputs that are taken before what was heard is acknowledged.
const BATCH: usize = 1024;

/// Why there is no control plane.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The engine or a folder of the user's cannot be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// It cannot listen.
    #[error("could not listen on `{path}`: `cloister start` starts the control plane")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It would not hear that it should end.
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
}

/// What reaches the control plane.
#[derive(Debug)]
enum Input {
    /// Somebody of the user's asks.
    Asked(Ask, oneshot::Sender<Reply>),
    /// An agent asks, in a sandbox that the guardian names.
    Agent(String, session::Question),
    /// Something about a command that an agent asked for, for the audit log; and who is told once it is written down.
    Noted(String, HostCommand, Option<oneshot::Sender<()>>),
    /// The guardian says something.
    Heard(Heard),
    /// Somebody looked which programs of a sandbox ask.
    Looked(String, Vec<Asking>),
    /// The lock of the state folder, for whoever attaches to a guardian or makes one.
    MayAttach(Lock),
}

/// Runs until it is told to end, or no sandbox is left. Standard input is the socket that it listens on, standard output the
/// lock that it holds for as long as it lives.
///
/// # Errors
/// It cannot begin.
pub async fn run() -> Result<(), DaemonError> {
    let context = Context::open().await?;
    let path = client::socket(context.state.root());
    let (send, mut inputs) = mpsc::unbounded_channel();
    let listener = Listener::inherited(&path, send.clone())?;
    let mut plane = Plane::new(context, send);
    plane.serve_again().await;
    let mut terminate = signal(SignalKind::terminate()).map_err(DaemonError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(DaemonError::Signals)?;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut batch = Vec::new();
    loop {
        let next = tokio::select! {
            _ = inputs.recv_many(&mut batch, BATCH) => {
                let mut next = Next::Go;
                for input in batch.drain(..) {
                    next = plane.take(input).await;
                    if next == Next::End {
                        break;
                    }
                }
                next
            }
            _ = ticks.tick() => plane.tick().await,
            _ = terminate.recv() => Next::End,
            // A terminal that was closed is nobody's wish to end what runs.
            _ = hang_up.recv() => Next::Go,
        };
        plane.settle_down();
        if next == Next::End || !listener.is_there() {
            plane.end();
            return Ok(());
        }
    }
}
