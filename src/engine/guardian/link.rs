//! A conversation with the guardian that is held open, by the control plane alone.
//!
//! Invariant: it always reads, and hands on without waiting for anybody. How much may be on its way is the guardian's
//! business: events that were not acknowledged, and windows of streams, are bounded there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::connect::Engine;
use super::super::hijack::Stream;
use super::channel::ChannelError;
use super::direct::{attach, bounded, line, welcomed};
use super::reading::Reading;
use crate::guardian::protocol::{Answer, Command, Message, VERSION};

/// What is heard that is no answer.
#[derive(Debug)]
pub enum Heard {
    /// An event, or a piece of a stream.
    Message(Message),
    /// The conversation is over; nothing comes after it.
    Ended,
}

/// Whoever waits for answers, by their numbers.
type Waiting = Arc<Mutex<BTreeMap<u64, oneshot::Sender<Answer>>>>;

/// The conversation; it ends with the value.
#[derive(Debug)]
pub struct Link {
    /// Engine's id or name of the guardian's container.
    pub container: String,
    /// Name of the guardian's life.
    pub epoch: String,
    say: mpsc::UnboundedSender<(Command, Option<oneshot::Sender<Answer>>)>,
    _end: DropGuard,
}

impl Link {
    /// Attaches to a guardian that runs, as one that keeps every event; it has those of `epoch` up to `acknowledged`.
    ///
    /// # Errors
    /// It does not answer, or speaks another version.
    pub async fn open(
        engine: &Engine,
        container: &str,
        (epoch, acknowledged): (&str, u64),
        heard: mpsc::UnboundedSender<Heard>,
    ) -> Result<Self, ChannelError> {
        let (reader, writer) = tokio::io::split(attach(engine, container).await?);
        let (say, sayings) = mpsc::unbounded_channel();
        let (waiting, end) = (Waiting::default(), CancellationToken::new());
        tokio::spawn(end.clone().run_until_cancelled_owned(write(writer, sayings, Arc::clone(&waiting))));
        tokio::spawn(end.clone().run_until_cancelled_owned(read(Reading::new(reader), waiting, heard)));
        let (container, epoch) = (container.to_owned(), epoch.to_owned());
        let mut link = Self { container, epoch: String::new(), say, _end: end.drop_guard() };
        let hello = Command::Hello { version: VERSION, epoch, acknowledged, keeps: true };
        link.epoch = welcomed(link.ask(hello).await?)?;
        Ok(link)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn ask(&self, command: Command) -> Result<Answer, ChannelError> {
        let (sender, answer) = oneshot::channel();
        self.say.send((command, Some(sender))).map_err(|_gone| ChannelError::Ended)?;
        bounded(async { answer.await.map_err(|_gone| ChannelError::Ended) }).await
    }

    /// Says something whose answer nobody waits for.
    pub fn tell(&self, command: Command) {
        self.sayer().tell(command);
    }

    /// Returns what says something from elsewhere.
    pub fn sayer(&self) -> Sayer {
        Sayer(self.say.clone())
    }
}

/// Says something whose answer nobody waits for.
#[derive(Debug, Clone)]
pub struct Sayer(mpsc::UnboundedSender<(Command, Option<oneshot::Sender<Answer>>)>);

impl Sayer {
    /// Says it.
    pub fn tell(&self, command: Command) {
        // Whoever reads hears that the conversation is over.
        let _ = self.0.send((command, None));
    }
}

async fn write(
    mut writer: WriteHalf<Stream>,
    mut sayings: mpsc::UnboundedReceiver<(Command, Option<oneshot::Sender<Answer>>)>,
    waiting: Waiting,
) {
    // A predecessor that was killed may have left half a line.
    let mut lines = b"\n".to_vec();
    let mut number = 0;
    while let Some(first) = sayings.recv().await {
        let mut next = Some(first);
        while let Some((command, sender)) = next {
            number += 1;
            lines.extend(line(number, &command));
            if let Some(sender) = sender {
                waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(number, sender);
            }
            next = sayings.try_recv().ok();
        }
        if writer.write_all(&lines).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        lines.clear();
    }
}

async fn read(mut reading: Reading<ReadHalf<Stream>>, waiting: Waiting, heard: mpsc::UnboundedSender<Heard>) {
    while let Ok(message) = reading.next().await {
        match message {
            Message::Answer { id, answer } => {
                let sender = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                // Nobody waits any longer, or ever did.
                let _ = sender.map(|sender| sender.send(answer));
            }
            message => drop(heard.send(Heard::Message(message))),
        }
    }
    // Whoever still waits for an answer hears that none comes.
    waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let _ = heard.send(Heard::Ended);
}
