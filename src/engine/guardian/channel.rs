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
        // A predecessor that was killed may have left half a line.
        self.stream.write_all(b"\n").await.map_err(ChannelError::Stream)?;
        match self.ask(Command::Hello { version: VERSION, epoch: String::new(), acknowledged: 0 }).await? {
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
        match self.ask(command).await? {
            Answer::Done => Ok(()),
            Answer::Failed { reason } => Err(ChannelError::Refused { reason }),
            Answer::Welcome { .. } | Answer::Status(_) => Err(ChannelError::Unexpected),
        }
    }

    /// Asks how it is.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn status(&mut self) -> Result<Status, ChannelError> {
        match self.ask(Command::Status).await? {
            Answer::Status(status) => Ok(status),
            Answer::Failed { reason } => Err(ChannelError::Refused { reason }),
            Answer::Welcome { .. } | Answer::Done => Err(ChannelError::Unexpected),
        }
    }

    async fn ask(&mut self, command: Command) -> Result<Answer, ChannelError> {
        self.number += 1;
        let id = self.number;
        let mut line = serde_json::to_vec(&Request { id, command }).expect("a request has text keys only");
        line.push(b'\n');
        let conversation = async {
            self.stream.write_all(&line).await.map_err(ChannelError::Stream)?;
            self.stream.flush().await.map_err(ChannelError::Stream)?;
            loop {
                while let Some(message) = self.messages.pop_front() {
                    match message {
                        Message::Answer { id: to, answer } if to == id => return Ok(answer),
                        // Events are kept by whoever acknowledges them; answers to a killed predecessor are nobody's.
                        Message::Answer { .. } | Message::Event(_) => {}
                    }
                }
                self.receive().await?;
            }
        };
        timeout(PATIENCE, conversation).await.map_err(|_elapsed| ChannelError::Timeout)?
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
