//! The conversation with the controller over standard input and output: [`super::protocol`] in motion.
//!
//! The writer is a task of its own, and the proxy never waits for it: events wait in the journal, answers in a queue. A
//! client that stops reading is gone after [`STALL`]; its conversation ends and the next hello begins a new one.
//! Invariant: nothing but a hello makes the guardian speak, and a lost channel leaves the last policy in force.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::protocol::{Answer, Command, LINE_LIMIT, Message, Request, VERSION};
use super::proxy::Proxy;

/// How long a write may take before the client counts as gone.
pub const STALL: Duration = Duration::from_secs(5);
/// Bytes that a pipe holds: each read of standard input is a round through another thread.
const PIPE: usize = 64 << 10;
/// How long an event waits for others, unless an answer goes out.
const GATHER: Duration = Duration::from_millis(5);
/// Bytes of events that are written at once.
const BATCH: usize = 64 << 10;

/// Speaks with controllers, one after the other, until `input` ends; the proxy goes on after that.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    proxy: Proxy,
    epoch: String,
) {
    let (say, sayings) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(output, sayings, proxy.clone()));
    let mut conversation = Conversation { proxy, epoch, greeted: false, say };
    let mut input = BufReader::with_capacity(PIPE, input);
    let mut line = Vec::new();
    while let Ok(Some(whole)) = next_line(&mut input, &mut line).await {
        if whole && let Ok(request) = serde_json::from_slice::<Request>(&line) {
            conversation.hear(request).await;
        }
        line = Vec::new();
    }
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
    /// A client has said hello: events may go out after this answer.
    Welcome(Message),
    /// An answer.
    Answer(Message),
}

struct Conversation {
    proxy: Proxy,
    epoch: String,
    greeted: bool,
    say: mpsc::UnboundedSender<Saying>,
}

impl Conversation {
    async fn hear(&mut self, request: Request) {
        let Request { id, command } = request;
        let answer = match command {
            Command::Hello { version, epoch, acknowledged } => return self.welcome(id, version, &epoch, acknowledged),
            _ if !self.greeted => failed("a hello of this version comes first"),
            Command::Admit(admission) => match self.proxy.admit(&admission).await {
                Ok(_) => Answer::Done,
                Err(error) => failed(&chain(&error)),
            },
            Command::Withdraw { sandbox } => {
                self.proxy.withdraw(&sandbox);
                Answer::Done
            }
            Command::Status => Answer::Status(self.proxy.status()),
            Command::Acknowledge { event } => {
                self.proxy.with_journal(|journal| journal.acknowledge(event));
                Answer::Done
            }
        };
        self.say(Saying::Answer(Message::Answer { id, answer }));
    }

    fn welcome(&mut self, id: u64, version: u32, epoch: &str, acknowledged: u64) {
        self.greeted = version == VERSION;
        let acknowledged = if epoch == self.epoch { acknowledged } else { 0 };
        self.proxy.with_journal(|journal| journal.greet(acknowledged));
        let answer = Answer::Welcome { version: VERSION, epoch: self.epoch.clone(), sandboxes: self.proxy.sandboxes() };
        let message = Message::Answer { id, answer };
        self.say(if self.greeted { Saying::Welcome(message) } else { Saying::Answer(message) });
    }

    /// The writer ends only with the reader; an answer that nobody takes is nobody's.
    fn say(&self, saying: Saying) {
        drop(self.say.send(saying));
    }
}

fn failed(reason: &str) -> Answer {
    Answer::Failed { reason: reason.to_owned() }
}

/// Returns an error and everything behind it as one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Writes answers as they come and events while somebody listens.
async fn write(mut output: impl AsyncWrite + Unpin, mut sayings: mpsc::UnboundedReceiver<Saying>, proxy: Proxy) {
    let mut listening = false;
    loop {
        let mut lines = Vec::new();
        tokio::select! {
            saying = sayings.recv() => match saying {
                None => return,
                Some(Saying::Welcome(message)) => {
                    listening = true;
                    append(&mut lines, &message);
                }
                Some(Saying::Answer(message)) => append(&mut lines, &message),
            },
            () = gathered(&proxy), if listening => {}
        }
        loop {
            if listening {
                collect(&proxy, &mut lines);
            }
            if lines.is_empty() {
                break;
            }
            listening = send(&mut output, &lines).await && listening;
            lines.clear();
        }
    }
}

/// Waits for an event, and a little longer for those that follow it: each write is a round through another thread.
async fn gathered(proxy: &Proxy) {
    proxy.news().await;
    sleep(GATHER).await;
}

fn collect(proxy: &Proxy, lines: &mut Vec<u8>) {
    proxy.with_journal(|journal| {
        while lines.len() < BATCH
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
