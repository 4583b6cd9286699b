//! Running what was approved: bounded in time and output, and with everything that it started when it ends (SEC-67).

mod family;
pub mod keeper;
mod order;
mod slots;

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream as Pair;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use self::order::{Order, Report};
use super::prepare::Prepared;
use crate::host::random;
use crate::sandbox::hostexec::protocol::{PIECE_LIMIT, Reason, Refusal, Tell, encode};
use crate::sandbox::signal;

pub use self::slots::{Slot, Slots};

/// How long a command may take to begin: its program is read once more.
const BEGINNING: Duration = Duration::from_secs(60);
/// How long its end may take, once it was told to.
const ENDING: Duration = Duration::from_secs(15);
/// Longest line that a keeper writes.
const REPORT_LIMIT: u64 = 64 << 10;

/// What holds commands: cloister's own program, under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    cloister: PathBuf,
}

impl Default for Keeper {
    /// The one that runs, even where its file was replaced.
    fn default() -> Self {
        Self::of("/proc/self/exe")
    }
}

impl Keeper {
    /// Returns the keeper that this program of cloister's is.
    pub fn of(cloister: impl Into<PathBuf>) -> Self {
        Self { cloister: cloister.into() }
    }
}

/// What the agent says to a command that runs. Where the channel ends, so does the command. Before the command runs, and
/// before the bytes of an earlier one were taken, nothing may come but the end: so nobody ever has to hold what comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Bytes for its standard input.
    Data(Vec<u8>),
    /// Its standard input ends.
    End,
    /// It is to end.
    Cancel,
}

/// What a command that runs says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// It runs.
    Started,
    /// Standard output; never more than [`PIECE_LIMIT`].
    Stdout(Vec<u8>),
    /// Standard error; never more than [`PIECE_LIMIT`].
    Stderr(Vec<u8>),
    /// The bytes that the agent wrote were taken: more may come.
    Taken,
}

impl Output {
    /// Returns bytes of one of the streams, in pieces.
    pub fn pieces(bytes: &[u8], kind: fn(Vec<u8>) -> Self) -> impl Iterator<Item = Self> {
        bytes.chunks(PIECE_LIMIT).map(move |piece| kind(piece.to_vec()))
    }

    /// Returns what the agent is told.
    pub fn tell(&self) -> Tell {
        match self {
            Self::Started => Tell::Started,
            Self::Stdout(bytes) => Tell::Stdout(encode(bytes)),
            Self::Stderr(bytes) => Tell::Stderr(encode(bytes)),
            Self::Taken => Tell::Taken,
        }
    }
}

/// How a command ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub how: How,
    /// Bytes that it wrote, as far as they were taken.
    pub written: u64,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// By itself.
    Exited(i32),
    /// By a signal.
    Signal(i32),
    /// The agent ended it, or went away.
    Cancelled,
    /// It did not run, or not to its end.
    Refused(Refusal),
}

impl Ended {
    /// Returns what the agent is told; nothing where it knows.
    pub fn tell(&self) -> Option<Tell> {
        match &self.how {
            How::Exited(code) => Some(Tell::Exited { code: *code }),
            How::Signal(number) => Some(Tell::Signal { number: *number }),
            How::Cancelled => None,
            How::Refused(refusal) => Some(Tell::Refused(refusal.clone())),
        }
    }
}

/// Runs a command to its end. Output waits for whoever takes it, and so does the command; its time goes on.
pub async fn run(
    prepared: Prepared,
    keeper: &Keeper,
    mut input: mpsc::Receiver<Input>,
    output: mpsc::Sender<Output>,
) -> Ended {
    let refused = |refusal| Ended { how: How::Refused(refusal), written: 0 };
    let checked = tokio::task::spawn_blocking(move || prepared.still_true().map(|()| prepared)).await;
    let prepared = match checked {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(refusal)) => return refused(refusal),
        Err(_) => return refused(unavailable("the program could not be read again")),
    };
    let (time, most) = (Duration::from_secs(prepared.timeout), prepared.output);
    let mark = random::mark().unwrap_or_default();
    let begun = tokio::select! {
        begun = timeout(BEGINNING, begin(prepared, keeper, &mark)) => {
            begun.unwrap_or_else(|_| Err(unavailable("it did not begin in time")))
        }
        _ = input.recv() => return Ended { how: How::Cancelled, written: 0 },
    };
    let running = match begun {
        Ok(running) => running,
        Err(refusal) => return refused(refusal),
    };
    let ended = running.until_its_end(time, most, input, output).await;
    // Where the keeper itself was killed, nothing else is left to end what it kept.
    let _ = signal::send(&mark, rustix::process::Signal::KILL);
    ended
}

/// A command whose keeper said that it runs.
struct Running {
    child: Child,
    said: BufReader<OwnedReadHalf>,
    told: OwnedWriteHalf,
}

/// Starts the keeper, hands it its order, and waits until it says that the command runs.
async fn begin(prepared: Prepared, keeper: &Keeper, mark: &str) -> Result<Running, Refusal> {
    let failed = |error: std::io::Error| unavailable(&format!("the command could not be started: {error}"));
    let (own, other) = Pair::pair().map_err(failed)?;
    own.set_nonblocking(true).map_err(failed)?;
    let own = UnixStream::from_std(own).map_err(failed)?;
    let mut command = Command::new(&keeper.cloister);
    // The folder that is held open, not what lies at its path by now.
    command.arg0(keeper::NAME).env_clear().current_dir(format!("/proc/self/fd/{}", prepared.folder().as_raw_fd()));
    command.stdin(Stdio::from(OwnedFd::from(other))).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(failed)?;
    // Its copy of the keeper's end would hide the keeper's.
    drop(command);
    let (said, mut told) = own.into_split();
    let order = Order::of(&prepared, mark);
    told.write_all(&order.to_bytes()).await.map_err(failed)?;
    told.write_all(prepared.snapshot.as_ref().map_or(&[][..], |snapshot| &snapshot.bytes)).await.map_err(failed)?;
    let mut said = BufReader::new(said);
    match report(&mut said).await {
        Some(Report::Started) => Ok(Running { child, said, told }),
        Some(Report::Refused(refusal)) => Err(refusal),
        _ => Err(unavailable("the command could not be started")),
    }
}

fn unavailable(text: &str) -> Refusal {
    Reason::Unavailable.because(text)
}

async fn report(said: &mut BufReader<OwnedReadHalf>) -> Option<Report> {
    let mut line = Vec::new();
    said.take(REPORT_LIMIT).read_until(b'\n', &mut line).await.ok()?;
    serde_json::from_slice(&line).ok()
}

/// Why output is not taken any more.
enum Stopped {
    Limit,
    NobodyListens,
}

impl Running {
    async fn until_its_end(
        mut self,
        time: Duration,
        most: u64,
        mut input: mpsc::Receiver<Input>,
        output: mpsc::Sender<Output>,
    ) -> Ended {
        // What may still be written; one task alone changes it.
        let left = AtomicU64::new(most);
        if output.send(Output::Started).await.is_err() {
            return Ended { how: self.end(Some(How::Cancelled), None).await, written: 0 };
        }
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        let pumps = async {
            tokio::try_join!(pump(stdout, &output, Output::Stdout, &left), pump(stderr, &output, Output::Stderr, &left))
        };
        let mut last = None;
        let Self { said, told, .. } = &mut self;
        // Its last word comes before the end of its output, unless somebody killed it, or holds its output for it.
        let kept = async {
            last = report(said).await;
            if last.is_some() {
                sleep(ENDING).await;
            }
        };
        let cut = tokio::select! {
            ended = pumps => match ended {
                Ok(_) => None,
                Err(Stopped::NobodyListens) => Some(How::Cancelled),
                Err(Stopped::Limit) => {
                    let text = format!("it wrote more than the {most} bytes that it may, and was ended");
                    Some(How::Refused(Reason::OutputLimit.because(text)))
                }
            },
            refusal = feed(&mut input, told, &output) => Some(refusal.map_or(How::Cancelled, How::Refused)),
            () = kept => None,
            () = sleep(time) => {
                let text = format!("it ran longer than the {} seconds that it may, and was ended", time.as_secs());
                Some(How::Refused(Reason::TimedOut.because(text)))
            }
        };
        let written = most - left.load(Ordering::Relaxed);
        Ended { how: self.end(cut, last).await, written }
    }

    /// Has the keeper end what still runs, and waits for it; `cut` is why, where it did not end by itself.
    async fn end(mut self, cut: Option<How>, last: Option<Report>) -> How {
        drop(self.told);
        let ending = async {
            let last = if last.is_some() { last } else { report(&mut self.said).await };
            // It is gone, or will be.
            let _ = self.child.wait().await;
            last
        };
        let last = timeout(ENDING, ending).await.ok().flatten();
        if last.is_none() {
            let _ = self.child.start_kill();
        }
        match (cut, last) {
            (Some(how), _) => how,
            (None, Some(Report::Exited(code))) => How::Exited(code),
            (None, Some(Report::Signal(number))) => How::Signal(number),
            (None, _) => How::Refused(unavailable("what kept the command was ended, and the command with it")),
        }
    }
}

/// Takes one stream until it ends.
async fn pump(
    stream: Option<impl AsyncRead + Unpin>,
    output: &mpsc::Sender<Output>,
    says: fn(Vec<u8>) -> Output,
    left: &AtomicU64,
) -> Result<(), Stopped> {
    let Some(mut stream) = stream else { return Ok(()) };
    let mut piece = vec![0; PIECE_LIMIT];
    loop {
        let read = stream.read(&mut piece).await.unwrap_or(0);
        if read == 0 {
            return Ok(());
        }
        let may = left.load(Ordering::Relaxed);
        let taken = read.min(usize::try_from(may).unwrap_or(usize::MAX));
        left.store(may - taken as u64, Ordering::Relaxed);
        if taken > 0 && output.send(says(piece[..taken].to_vec())).await.is_err() {
            return Err(Stopped::NobodyListens);
        }
        if taken < read {
            return Err(Stopped::Limit);
        }
    }
}

/// Hands over what the agent writes, until it ends the command or goes away; or says something that may not come now.
async fn feed(
    input: &mut mpsc::Receiver<Input>,
    told: &mut OwnedWriteHalf,
    output: &mpsc::Sender<Output>,
) -> Option<Refusal> {
    let mut ended = false;
    loop {
        let bytes = match input.recv().await {
            None | Some(Input::Cancel) => return None,
            Some(Input::Data(bytes)) if !ended && !bytes.is_empty() => bytes,
            Some(Input::End) if !ended => Vec::new(),
            Some(Input::Data(_) | Input::End) => return Some(too_early()),
        };
        ended |= bytes.is_empty();
        let frame = order::frame(&bytes);
        // A command that takes nothing must not keep anybody from ending it.
        let hand_over = async {
            // A keeper that is gone has said why.
            let _ = told.write_all(&frame).await;
            if !bytes.is_empty() {
                let _ = output.send(Output::Taken).await;
            }
        };
        tokio::select! {
            () = hand_over => {}
            said = input.recv() => match said {
                None | Some(Input::Cancel) => return None,
                Some(Input::Data(_) | Input::End) => return Some(too_early()),
            },
        }
    }
}

fn too_early() -> Refusal {
    Reason::BadRequest.because("input came before it may, or after its end")
}
