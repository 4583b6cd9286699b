//! A controller that keeps events: it reads everything, and acknowledges as it is told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister::guardian::protocol::{Answer, Command, Event, Happening, Message, Piece, Request, VERSION};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::tunnel::wait_for;
use super::world::Stage;

/// What came for a stream.
pub(super) type Said = (u64, String, Piece);

pub(super) struct Keeper {
    input: Arc<tokio::sync::Mutex<WriteHalf<DuplexStream>>>,
    shown: Arc<Shown>,
    pieces: mpsc::UnboundedReceiver<Said>,
}

#[derive(Default)]
struct Shown {
    events: Mutex<Vec<Event>>,
    acknowledges: AtomicBool,
    welcome: Notify,
}

impl Keeper {
    /// Attaches to the guardian of a stage and acknowledges every event.
    pub(super) async fn new(stage: &Stage) -> Self {
        Self::with(stage, true, true).await
    }

    /// One that acknowledges only what it is told to.
    pub(super) async fn silent(stage: &Stage) -> Self {
        Self::with(stage, true, false).await
    }

    pub(super) async fn with(stage: &Stage, keeps: bool, acknowledges: bool) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (read, write) = tokio::io::split(theirs);
        tokio::spawn(cloister::guardian::channel::serve(read, write, stage.proxy.clone(), "epoch".to_owned()));
        let (output, input) = tokio::io::split(ours);
        let shown = Arc::new(Shown { acknowledges: acknowledges.into(), ..Shown::default() });
        let (said, pieces) = mpsc::unbounded_channel();
        let input = Arc::new(tokio::sync::Mutex::new(input));
        tokio::spawn(read_all(output, Arc::clone(&input), Arc::clone(&shown), said));
        let keeper = Self { input, shown, pieces };
        keeper.hello(keeps).await;
        keeper
    }

    /// Says hello, maybe once more.
    pub(super) async fn hello(&self, keeps: bool) {
        self.send(Command::Hello { version: VERSION, epoch: "epoch".to_owned(), acknowledged: 0, keeps }).await;
        timeout(Duration::from_secs(20), self.shown.welcome.notified()).await.expect("no welcome");
    }

    pub(super) async fn send(&self, command: Command) {
        write(&self.input, command).await;
    }

    pub(super) async fn settle(&self, sandbox: &str, host: &str, port: u16, allow: bool) {
        let (sandbox, host) = (sandbox.to_owned(), host.to_owned());
        self.send(Command::Settle { sandbox, host, port, allow }).await;
    }

    /// Acknowledges everything that has come, and what comes from now on.
    pub(super) async fn acknowledge(&self) {
        self.shown.acknowledges.store(true, Ordering::Relaxed);
        let last = self.events().last().map_or(0, |event| event.number);
        self.send(Command::Acknowledge { event: last }).await;
    }

    pub(super) fn stop_acknowledging(&self) {
        self.shown.acknowledges.store(false, Ordering::Relaxed);
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.shown.events.lock().unwrap().clone()
    }

    /// What happened, in short: kind, and reason or host.
    pub(super) fn story(&self) -> Vec<String> {
        let tell = |event: Event| match event.what {
            Happening::Held(held) => format!("held {}", held.host),
            Happening::Decision { allowed, reason, .. } => format!("{} {reason}", if allowed { "yes" } else { "no" }),
            Happening::Failed { reason, .. } => format!("failed {reason}"),
            Happening::Closed { .. } => "closed".to_owned(),
            Happening::Gap { lost } => format!("gap {lost}"),
            Happening::Diagnostic { message } => message,
        };
        self.events().into_iter().map(tell).collect()
    }

    /// Waits until this is what happened.
    pub(super) async fn hears(&self, story: &[&str]) {
        let told = timeout(Duration::from_secs(20), wait_for(|| self.story() == story)).await;
        assert!(told.is_ok(), "{:?} instead of {story:?}", self.story());
    }

    pub(super) async fn say(&self, stream: u64, piece: Piece) {
        self.send(Command::Stream { stream, piece }).await;
    }

    pub(super) async fn next(&mut self) -> Said {
        timeout(Duration::from_secs(20), self.pieces.recv()).await.expect("nothing is said").expect("the channel ended")
    }

    /// Returns the next bytes of whatever stream; the guardian is told that they were taken if `take` says so.
    pub(super) async fn bytes(&mut self, take: bool) -> (u64, Vec<u8>) {
        let (stream, _, piece) = self.next().await;
        let Piece::Data(text) = piece else { panic!("{piece:?}") };
        let bytes = STANDARD.decode(text).unwrap();
        if take {
            self.say(stream, Piece::Taken(bytes.len().try_into().unwrap())).await;
        }
        (stream, bytes)
    }

    pub(super) async fn says_nothing(&mut self) -> bool {
        timeout(Duration::from_millis(200), self.pieces.recv()).await.is_err()
    }

    /// Ends the conversation as a controller that was killed where its engine says so.
    pub(super) async fn leave(self) {
        self.input.lock().await.shutdown().await.unwrap();
    }
}

pub(super) fn data(bytes: impl AsRef<[u8]>) -> Piece {
    Piece::Data(STANDARD.encode(bytes))
}

async fn write(input: &tokio::sync::Mutex<WriteHalf<DuplexStream>>, command: Command) {
    let mut line = b"\n".to_vec();
    serde_json::to_writer(&mut line, &Request { id: 0, command }).unwrap();
    line.push(b'\n');
    // the guardian may be gone, which the test then sees otherwise
    drop(input.lock().await.write_all(&line).await);
}

async fn read_all(
    output: ReadHalf<DuplexStream>,
    input: Arc<tokio::sync::Mutex<WriteHalf<DuplexStream>>>,
    shown: Arc<Shown>,
    said: mpsc::UnboundedSender<Said>,
) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Message::Answer { answer: Answer::Welcome { .. }, .. }) => shown.welcome.notify_one(),
            Ok(Message::Event(event)) => {
                let number = event.number;
                shown.events.lock().unwrap().push(event);
                if shown.acknowledges.load(Ordering::Relaxed) {
                    write(&input, Command::Acknowledge { event: number }).await;
                }
            }
            Ok(Message::Stream { stream, sandbox, piece }) => drop(said.send((stream, sandbox, piece))),
            _ => {}
        }
    }
}
