//! The controller's end of the channel to the guardian: questions and answers over the engine's attach call.
//!
//! Invariant: never kept open longer than a conversation. A client that does not read blocks the guardian, and makes
//! the engine hang when it removes it.

use std::io;
use std::time::Duration;

use bollard::query_parameters::StartContainerOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::super::connect::{CallError, Engine, Operation};
use super::super::frames::{Demultiplexer, Output};
use super::super::hijack::{self, HijackError, Stream};
use crate::guardian::protocol::{Answer, Command, LINE_LIMIT, Message, Request, Status, VERSION};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

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

fn hello() -> Command {
    Command::Hello { version: VERSION, epoch: String::new(), acknowledged: 0 }
}

/// An open conversation.
#[derive(Debug)]
pub struct Channel {
    stream: Stream,
    demultiplexer: Demultiplexer,
    line: Vec<u8>,
    overlong: bool,
    messages: std::collections::VecDeque<Message>,
    number: u64,
}

impl Channel {
    /// Attaches to a guardian that runs, and greets it.
    ///
    /// # Errors
    /// It does not answer, or speaks another version.
    pub async fn open(engine: &Engine, container: &str) -> Result<Self, ChannelError> {
        let mut channel = Self::attach(engine, container).await?;
        channel.hello().await?;
        Ok(channel)
    }

    /// Attaches to a guardian that was created, starts it, and greets it: the other order would miss its first words.
    ///
    /// # Errors
    /// It does not start or answer, or speaks another version.
    pub async fn begin(engine: &Engine, container: &str) -> Result<Self, ChannelError> {
        let mut channel = Self::attach(engine, container).await?;
        let started = engine.docker.start_container(container, None::<StartContainerOptions>).await;
        started.operation(|| "start the guardian".to_owned())?;
        channel.hello().await?;
        Ok(channel)
    }

    async fn attach(engine: &Engine, container: &str) -> Result<Self, ChannelError> {
        let path = format!("/containers/{container}/attach?stream=1&stdin=1&stdout=1");
        let stream = hijack::upgrade(&engine.endpoint, &path, String::new()).await.map_err(ChannelError::Attach)?;
        Ok(Self {
            stream,
            demultiplexer: Demultiplexer::default(),
            line: Vec::new(),
            overlong: false,
            messages: std::collections::VecDeque::new(),
            number: 0,
        })
    }

    async fn hello(&mut self) -> Result<(), ChannelError> {
        let asked = self.ask(&[hello()]).await?;
        self.welcomed(asked).await
    }

    async fn welcomed(&mut self, asked: u64) -> Result<(), ChannelError> {
        match self.answer(asked).await? {
            Answer::Welcome { version, .. } if version == VERSION => Ok(()),
            Answer::Welcome { version, .. } => Err(ChannelError::Version { found: version }),
            Answer::Failed { reason } => Err(ChannelError::Refused { reason }),
            Answer::Done | Answer::Status(_) => Err(ChannelError::Unexpected),
        }
    }

    /// Asks for something that is done or not.
    ///
    /// # Errors
    /// It does not answer, or refuses.
    pub async fn done(&mut self, command: Command) -> Result<(), ChannelError> {
        let asked = self.ask(&[command]).await?;
        self.is_done(asked).await
    }

    /// The same, and asks how it is after that.
    ///
    /// # Errors
    /// As [`Channel::done`].
    pub async fn done_and_status(&mut self, command: Command) -> Result<Status, ChannelError> {
        let asked = self.ask(&[command, Command::Status]).await?;
        self.is_done(asked).await?;
        self.status(asked + 1).await
    }

    /// Asks a guardian that runs how it is.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn status_of(engine: &Engine, container: &str) -> Result<Status, ChannelError> {
        let mut channel = Self::attach(engine, container).await?;
        let asked = channel.ask(&[hello(), Command::Status]).await?;
        channel.welcomed(asked).await?;
        channel.status(asked + 1).await
    }

    async fn is_done(&mut self, asked: u64) -> Result<(), ChannelError> {
        match self.answer(asked).await? {
            Answer::Done => Ok(()),
            Answer::Failed { reason } => Err(ChannelError::Refused { reason }),
            Answer::Welcome { .. } | Answer::Status(_) => Err(ChannelError::Unexpected),
        }
    }

    async fn status(&mut self, asked: u64) -> Result<Status, ChannelError> {
        match self.answer(asked).await? {
            Answer::Status(status) => Ok(status),
            Answer::Failed { reason } => Err(ChannelError::Refused { reason }),
            Answer::Welcome { .. } | Answer::Done => Err(ChannelError::Unexpected),
        }
    }

    /// Asks several things at once, and returns the number of the first: their answers come in that order.
    async fn ask(&mut self, commands: &[Command]) -> Result<u64, ChannelError> {
        let first = self.number + 1;
        // A predecessor that was killed may have left half a line.
        let mut lines = if self.number == 0 { b"\n".to_vec() } else { Vec::new() };
        for command in commands {
            self.number += 1;
            let request = Request { id: self.number, command: command.clone() };
            serde_json::to_writer(&mut lines, &request).expect("a request has text keys only");
            lines.push(b'\n');
        }
        let told = async {
            self.stream.write_all(&lines).await?;
            self.stream.flush().await
        };
        timeout(PATIENCE, told).await.map_err(|_elapsed| ChannelError::Timeout)?.map_err(ChannelError::Stream)?;
        Ok(first)
    }

    async fn answer(&mut self, asked: u64) -> Result<Answer, ChannelError> {
        let listening = async {
            loop {
                while let Some(message) = self.messages.pop_front() {
                    match message {
                        Message::Answer { id, answer } if id == asked => return Ok(answer),
                        // Events are kept by whoever acknowledges them; answers to a killed predecessor are nobody's.
                        Message::Answer { .. } | Message::Event(_) => {}
                    }
                }
                self.receive().await?;
            }
        };
        timeout(PATIENCE, listening).await.map_err(|_elapsed| ChannelError::Timeout)?
    }

    async fn receive(&mut self) -> Result<(), ChannelError> {
        let mut buffer = [0; 16 << 10];
        let length = self.stream.read(&mut buffer).await.map_err(ChannelError::Stream)?;
        if length == 0 {
            return Err(ChannelError::Ended);
        }
        let mut input = &buffer[..length];
        loop {
            let piece = self.demultiplexer.next(&mut input);
            let piece = piece.map_err(|error| ChannelError::Stream(io::Error::other(error)))?;
            match piece {
                Some((Output::Stdout, bytes)) => self.collect(bytes),
                Some((Output::Stderr, _)) => {}
                None => return Ok(()),
            }
        }
    }

    fn collect(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    if !std::mem::take(&mut self.overlong) {
                        self.messages.extend(serde_json::from_slice::<Message>(&line).ok());
                    }
                }
                _ if self.line.len() >= LINE_LIMIT => self.overlong = true,
                byte => self.line.push(*byte),
            }
        }
    }
}
