//! The conversation with the controller over standard input and output: [`super::protocol`] in motion.
//!
//! The writer is a task of its own: events wait in the journal, answers and pieces of streams in queues. Of each it takes a
//! share in turn, so that none keeps the others waiting. A client that stops reading is gone after [`STALL`]; its
//! conversation ends and the next hello begins a new one.
//! Invariant: nothing but a hello makes the guardian speak, and a lost channel leaves the last policy in force.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::protocol::{Answer, Command, LINE_LIMIT, Message, Request, VERSION};
use super::proxy::{Attached, Proxy};
use crate::ui::causes;

/// How long a write may take before the client counts as gone.
pub const STALL: Duration = Duration::from_secs(5);
/// Bytes that a pipe holds.
const PIPE: usize = 64 << 10;
/// How long an event waits for others that nothing waits for, unless something else goes out.
const GATHER: Duration = Duration::from_millis(5);
/// Bytes of events that are written at once, and as many of everything else.
const BATCH: usize = 64 << 10;

/// Speaks with controllers, one after the other, until `input` ends; the proxy goes on after that.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    proxy: Proxy,
    epoch: String,
) {
    let (say, sayings) = mpsc::unbounded_channel();
    let (later, receipts) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(output, sayings, receipts, proxy.clone()));
    let mut conversation = Conversation { proxy, epoch, greeted: false, number: 0, keeps: false, say, later };
    let mut input = BufReader::with_capacity(PIPE, input);
    let mut line = Vec::new();
    while let Ok(Some(whole)) = next_line(&mut input, &mut line).await {
        if whole && let Ok(request) = serde_json::from_slice::<Request>(&line) {
            conversation.hear(request).await;
        }
        line = Vec::new();
    }
    conversation.proxy.records().detach(conversation.number);
    drop(conversation);
    drop(writer.await);
}

/// Reads a line; returns whether it is within the limit, `None` at the end. What is too long is thrown away as it comes.
async fn next_line(input: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let mut whole = true;
    loop {
        let available = input.fill_buf().await?;
        if available.is_empty() {
            return Ok(None);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(available.len(), |end| end + 1);
        whole = whole && line.len() + count <= LINE_LIMIT;
        if whole {
            line.extend_from_slice(&available[..count]);
        } else {
            line.clear();
        }
        input.consume(count);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

/// What the reader wants to be said.
enum Saying {
    /// A client has said hello: events may go out after this answer, and pieces of streams.
    Welcome(Message, Attached),
    /// An answer.
    Answer(Message),
}

struct Conversation {
    proxy: Proxy,
    epoch: String,
    greeted: bool,
    number: u64,
    keeps: bool,
    say: mpsc::UnboundedSender<Saying>,
    /// Takes answers that nobody waits for.
    later: mpsc::UnboundedSender<Message>,
}

impl Conversation {
    async fn hear(&mut self, request: Request) {
        let Request { id, command } = request;
        if self.keeps {
            self.proxy.records().hear();
        }
        let answer = match command {
            Command::Hello { version, epoch, acknowledged, keeps } => {
                return self.welcome(id, version, &epoch, acknowledged, keeps);
            }
            Command::Stream { stream, piece } => {
                if self.keeps {
                    self.proxy.streams().hear(stream, piece);
                }
                return;
            }
            _ if !self.greeted => failed("a hello of this version comes first"),
            Command::Admit(admission) => match self.proxy.admit(&admission).await {
                Ok(_) => Answer::Done,
                Err(error) => failed(&causes::line(&error)),
            },
            Command::Withdraw { sandbox } => {
                self.proxy.withdraw(&sandbox);
                Answer::Done
            }
            Command::Status => Answer::Status(self.proxy.status()),
            Command::Acknowledge { event } => {
                self.proxy.records().acknowledge(event);
                return self.say_later(Message::Answer { id, answer: Answer::Done });
            }
            Command::Settle { sandbox, host, port, allow } => {
                self.proxy.settle(&sandbox, &host, port, allow);
                Answer::Done
            }
        };
        self.say(Saying::Answer(Message::Answer { id, answer }));
    }

    fn welcome(&mut self, id: u64, version: u32, epoch: &str, acknowledged: u64, keeps: bool) {
        self.greeted = version == VERSION;
        self.keeps = self.greeted && keeps;
        let acknowledged = if epoch == self.epoch { acknowledged } else { 0 };
        let attached = self.proxy.records().attach(acknowledged, self.keeps);
        self.number = attached.conversation;
        let answer = Answer::Welcome { version: VERSION, epoch: self.epoch.clone(), sandboxes: self.proxy.sandboxes() };
        let message = Message::Answer { id, answer };
        self.say(if self.greeted { Saying::Welcome(message, attached) } else { Saying::Answer(message) });
    }

    /// The writer ends only with the reader; an answer that nobody takes is nobody's.
    fn say(&self, saying: Saying) {
        drop(self.say.send(saying));
    }

    /// Says something with whatever goes out next: a write for each acknowledgement would cost as much as the events.
    fn say_later(&self, message: Message) {
        drop(self.later.send(message));
        self.proxy.records().gather();
    }
}

fn failed(reason: &str) -> Answer {
    Answer::Failed { reason: reason.to_owned() }
}

/// Writes answers as they come, and events and pieces of streams while somebody listens.
async fn write(
    mut output: impl AsyncWrite + Unpin,
    mut sayings: mpsc::UnboundedReceiver<Saying>,
    mut receipts: mpsc::UnboundedReceiver<Message>,
    proxy: Proxy,
) {
    let mut listener = None;
    let mut lines = Vec::new();
    loop {
        tokio::select! {
            // a welcome first: what is left of streams before it is nobody's
            biased;
            saying = sayings.recv() => match saying {
                None => return,
                Some(saying) => say(saying, &mut lines, &mut listener),
            },
            piece = next_piece(&mut listener) => append(&mut lines, &piece),
            () = proxy.records().news(GATHER), if listener.is_some() => {}
        }
        // whoever is ready now has something to say as well, and all of it is one write
        yield_now().await;
        loop {
            while lines.len() < BATCH
                && let Ok(saying) = sayings.try_recv()
            {
                say(saying, &mut lines, &mut listener);
            }
            while lines.len() < BATCH
                && let Ok(receipt) = receipts.try_recv()
            {
                append(&mut lines, &receipt);
            }
            if let Some(attached) = &mut listener {
                collect_pieces(attached, &mut lines);
                collect_events(&proxy, &mut lines);
            }
            if lines.is_empty() {
                break;
            }
            if !send(&mut output, &lines).await
                && let Some(attached) = listener.take()
            {
                proxy.records().detach(attached.conversation);
            }
            lines.clear();
        }
    }
}

fn say(saying: Saying, lines: &mut Vec<u8>, listener: &mut Option<Attached>) {
    match saying {
        Saying::Answer(message) => append(lines, &message),
        Saying::Welcome(message, attached) => {
            *listener = Some(attached);
            append(lines, &message);
        }
    }
}

/// Waits for a piece of a stream, where there are any.
async fn next_piece(listener: &mut Option<Attached>) -> Message {
    let Some(pieces) = listener.as_mut().and_then(|attached| attached.pieces.as_mut()) else { return pending().await };
    match pieces.recv().await {
        Some(piece) => piece,
        None => pending().await,
    }
}

fn collect_pieces(attached: &mut Attached, lines: &mut Vec<u8>) {
    while lines.len() < BATCH
        && let Some(piece) = attached.pieces.as_mut().and_then(|pieces| pieces.try_recv().ok())
    {
        append(lines, &piece);
    }
}

fn collect_events(proxy: &Proxy, lines: &mut Vec<u8>) {
    let end = lines.len() + BATCH;
    proxy.records().with_journal(|journal| {
        while lines.len() < end
            && let Some(event) = journal.next()
        {
            let (number, before) = (event.number, lines.len());
            append(lines, &Message::Event(event));
            journal.sent(number, lines.len() - before);
        }
    });
}

fn append(lines: &mut Vec<u8>, message: &Message) {
    serde_json::to_writer(&mut *lines, message).expect("messages have no maps with keys that are not text");
    lines.push(b'\n');
}

/// Returns whether somebody took it. The newline in front ends whatever half a line an earlier stall left behind.
async fn send(output: &mut (impl AsyncWrite + Unpin), lines: &[u8]) -> bool {
    let write = async {
        output.write_all(b"\n").await?;
        output.write_all(lines).await?;
        output.flush().await
    };
    matches!(timeout(STALL, write).await, Ok(Ok(())))
}
