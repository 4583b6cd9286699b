//! A conversation with the guardian over the engine's attach call, question by question.

use bollard::query_parameters::StartContainerOptions;
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::super::connect::{Engine, Operation};
use super::super::hijack::{self, Stream};
use super::channel::{ChannelError, PATIENCE};
use super::reading::Reading;
use crate::guardian::protocol::{Answer, Command, Message, Request, VERSION};

/// An open conversation that nobody else carries.
#[derive(Debug)]
pub(super) struct Direct {
    reading: Reading<ReadHalf<Stream>>,
    writer: WriteHalf<Stream>,
    number: u64,
}

/// Attaches to a guardian's standard input and output.
pub(super) async fn attach(engine: &Engine, container: &str) -> Result<Stream, ChannelError> {
    let path = format!("/containers/{container}/attach?stream=1&stdin=1&stdout=1");
    hijack::upgrade(&engine.endpoint, &path, String::new()).await.map_err(ChannelError::Attach)
}

/// Returns the question as it goes over the channel.
pub(super) fn line(id: u64, command: &Command) -> Vec<u8> {
    let request = Request { id, command: command.clone() };
    let mut line = serde_json::to_vec(&request).expect("a request has text keys only");
    line.push(b'\n');
    line
}

/// Makes sure that an answer welcomes; returns the epoch.
pub(super) fn welcomed(answer: Answer) -> Result<String, ChannelError> {
    match answer {
        Answer::Welcome { version, epoch, .. } if version == VERSION => Ok(epoch),
        Answer::Welcome { version, .. } => Err(ChannelError::Version { found: version }),
        Answer::Failed { reason } => Err(ChannelError::Refused { reason }),
        Answer::Done | Answer::Status(_) => Err(ChannelError::Unexpected),
    }
}

fn hello() -> Command {
    Command::Hello { version: VERSION, epoch: String::new(), acknowledged: 0, keeps: false }
}

impl Direct {
    /// Attaches to a guardian that runs.
    pub(super) async fn open(engine: &Engine, container: &str) -> Result<Self, ChannelError> {
        Ok(Self::over(attach(engine, container).await?))
    }

    /// Attaches to a guardian that was created, and starts it: the other order would miss its first words.
    pub(super) async fn begin(engine: &Engine, container: &str) -> Result<Self, ChannelError> {
        let stream = attach(engine, container).await?;
        let started = engine.docker.start_container(container, None::<StartContainerOptions>).await;
        started.operation(|| "start the guardian".to_owned())?;
        Ok(Self::over(stream))
    }

    fn over(stream: Stream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reading: Reading::new(reader), writer, number: 0 }
    }

    /// Asks several things at once; the first of a conversation greets.
    pub(super) async fn ask(&mut self, commands: &[Command]) -> Result<Vec<Answer>, ChannelError> {
        let greeting = (self.number == 0).then(hello);
        // A predecessor that was killed may have left half a line.
        let mut lines = if greeting.is_some() { b"\n".to_vec() } else { Vec::new() };
        let first = self.number + 1;
        for command in greeting.iter().chain(commands) {
            self.number += 1;
            lines.extend(line(self.number, command));
        }
        let told = async {
            self.writer.write_all(&lines).await?;
            self.writer.flush().await
        };
        bounded(async { told.await.map_err(ChannelError::Stream) }).await?;
        let mut answers = Vec::new();
        for asked in first..=self.number {
            answers.push(self.answer(asked).await?);
        }
        if greeting.is_some() {
            welcomed(answers.remove(0))?;
        }
        Ok(answers)
    }

    async fn answer(&mut self, asked: u64) -> Result<Answer, ChannelError> {
        let listening = async {
            loop {
                match self.reading.next().await? {
                    Message::Answer { id, answer } if id == asked => return Ok(answer),
                    // Events are kept by whoever acknowledges them; answers to a killed predecessor are nobody's.
                    Message::Answer { .. } | Message::Event(_) | Message::Stream { .. } => {}
                }
            }
        };
        bounded(listening).await
    }
}

/// Waits for as long as one answer may take.
pub(super) async fn bounded<T>(working: impl Future<Output = Result<T, ChannelError>>) -> Result<T, ChannelError> {
    timeout(PATIENCE, working).await.map_err(|_elapsed| ChannelError::Timeout)?
}
