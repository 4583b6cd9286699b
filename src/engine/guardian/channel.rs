//! The controller's end of the channel to the guardian: questions and answers, over the engine's attach call or through
//! the control plane, which holds the one conversation with the guardian while it lives.
//!
//! Invariant: a conversation of one's own is never kept open. A client that does not read blocks the guardian, and makes
//! the engine hang when it removes it.

use std::io;
use std::time::Duration;

use super::super::connect::{CallError, Engine};
use super::super::hijack::HijackError;
use super::super::state::StateFolder;
use super::direct::Direct;
use crate::control::client::{Connection, ControlError};
use crate::control::protocol::{Ask, Reply};
use crate::guardian::protocol::{Answer, Command, Status, VERSION};

/// How long one answer may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Why a conversation failed.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The engine does not connect to it.
    #[error("could not attach to the guardian")]
    Attach(#[source] HijackError),
    /// It could not be started.
    #[error(transparent)]
    Start(#[from] CallError),
    /// The stream broke.
    #[error("the conversation with the guardian broke")]
    Stream(#[source] io::Error),
    /// It ended, or somebody removed it.
    #[error("the guardian ended")]
    Ended,
    /// It took too long.
    #[error("the guardian did not answer within {} seconds", PATIENCE.as_secs())]
    Timeout,
    /// The control plane does not pass it on.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// It speaks another version.
    #[error("the guardian speaks version {found} of the protocol, not {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// It said no.
    #[error("the guardian refused: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// It answered something else than what was asked.
    #[error("the guardian gave an answer to another question")]
    Unexpected,
}

/// An open conversation.
#[derive(Debug)]
pub struct Channel(Way);

/// Who carries it.
#[derive(Debug)]
enum Way {
    /// The control plane.
    Relayed { connection: Connection, container: String },
    /// The engine.
    Direct(Direct),
}

impl Channel {
    /// Opens a conversation with a guardian that runs. The caller holds the lock of the state folder.
    ///
    /// # Errors
    /// It does not answer, or speaks another version.
    pub async fn open(engine: &Engine, state: &StateFolder, container: &str) -> Result<Self, ChannelError> {
        let way = match Connection::open(state.root()).await? {
            Some(connection) => Way::Relayed { connection, container: container.to_owned() },
            None => Way::Direct(Direct::open(engine, container).await?),
        };
        let mut channel = Self(way);
        // Whoever opens wants to know whether anybody answers.
        channel.ask(&[]).await?;
        Ok(channel)
    }

    /// Starts a guardian that was created, and opens a conversation with it.
    ///
    /// # Errors
    /// It does not start or answer, or speaks another version.
    pub async fn begin(engine: &Engine, container: &str) -> Result<Self, ChannelError> {
        let mut channel = Self(Way::Direct(Direct::begin(engine, container).await?));
        channel.ask(&[]).await?;
        Ok(channel)
    }

    /// Asks for something that is done or not.
    ///
    /// # Errors
    /// It does not answer, or refuses.
    pub async fn done(&mut self, command: Command) -> Result<(), ChannelError> {
        match self.ask(&[command]).await?.as_slice() {
            [answer] => is_done(answer),
            _ => Err(ChannelError::Unexpected),
        }
    }

    /// The same, and asks how it is after that.
    ///
    /// # Errors
    /// As [`Channel::done`].
    pub async fn done_and_status(&mut self, command: Command) -> Result<Status, ChannelError> {
        let mut answers = self.ask(&[command, Command::Status]).await?;
        let status = answers.pop().ok_or(ChannelError::Unexpected)?;
        is_done(answers.first().ok_or(ChannelError::Unexpected)?)?;
        as_status(status)
    }

    /// Asks a guardian that runs how it is. The caller holds the lock of the state folder, or only looks.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn status_of(engine: &Engine, state: &StateFolder, container: &str) -> Result<Status, ChannelError> {
        let mut channel = match Connection::open(state.root()).await? {
            Some(connection) => Self(Way::Relayed { connection, container: container.to_owned() }),
            None => Self(Way::Direct(Direct::open(engine, container).await?)),
        };
        as_status(channel.ask(&[Command::Status]).await?.pop().ok_or(ChannelError::Unexpected)?)
    }

    async fn ask(&mut self, commands: &[Command]) -> Result<Vec<Answer>, ChannelError> {
        match &mut self.0 {
            Way::Direct(direct) => direct.ask(commands).await,
            Way::Relayed { connection, container } => {
                let ask = Ask::Guardian { container: container.clone(), commands: commands.to_vec() };
                match connection.ask(&ask).await? {
                    Reply::Answers(answers) => Ok(answers),
                    _ => Err(ChannelError::Unexpected),
                }
            }
        }
    }
}

fn is_done(answer: &Answer) -> Result<(), ChannelError> {
    match answer {
        Answer::Done => Ok(()),
        Answer::Failed { reason } => Err(ChannelError::Refused { reason: reason.clone() }),
        Answer::Welcome { .. } | Answer::Status(_) => Err(ChannelError::Unexpected),
    }
}

fn as_status(answer: Answer) -> Result<Status, ChannelError> {
    match answer {
        Answer::Status(status) => Ok(status),
        Answer::Failed { reason } => Err(ChannelError::Refused { reason }),
        Answer::Welcome { .. } | Answer::Done => Err(ChannelError::Unexpected),
    }
}
