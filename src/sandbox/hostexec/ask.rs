#![expect(clippy::disallowed_methods, reason = "adapter: standard streams, signals and threads of the client")]
#![expect(clippy::print_stderr, reason = "a program's messages")]
//! One question and its answer. Output is passed on byte for byte; everything else goes to standard error.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use nix::sys::signal::{SigSet, Signal};

use super::protocol::{Ask, Lines, PIECE_LIMIT, Refusal, RequestDomain, Run, Tell, decode, encode, line};
use super::tunnel::{self, TunnelError};
use crate::ui::text::visible;

/// Exit code for what policy or a person refuses.
const REFUSED: u8 = 3;
/// Added to the number of a signal, as shells do.
const SIGNAL: i32 = 128;
/// Bytes that are read at once.
const READ: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// A word or the working directory is not text, and could not be shown to anybody.
    #[error("a word of the command, or the working directory, is not UTF-8")]
    NotText,
    /// The working directory is gone.
    #[error("the working directory cannot be found out")]
    Folder(#[source] io::Error),
    /// Signals cannot be waited for.
    #[error("signals cannot be waited for")]
    Signals(#[source] nix::Error),
    /// There is nobody to ask.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The question would not be taken.
    #[error("{}", visible(&.0.text))]
    Refused(Refusal),
    /// The control plane went away.
    #[error("the control plane went away before it answered")]
    Ended,
    /// The tunnel, or a stream of this process, is broken.
    #[error("the answer could not be passed on")]
    Stream(#[source] io::Error),
}

impl AskError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Tunnel(error) => Some(error.hint()),
            Self::Folder(_) => Some("change to a folder of the workspace"),
            Self::Ended => Some("a command that ran was ended; ask again"),
            Self::NotText | Self::Signals(_) | Self::Refused(_) | Self::Stream(_) => None,
        }
    }

    /// Returns the exit code.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Refused(_)) { REFUSED } else { 1 }
    }
}

/// Asks for a command on the host and returns its exit code: its own, 128 and the number of a signal, or 3 where it was
/// refused. It gets what this process's standard input says if `stdin`.
///
/// # Errors
/// There is nobody to ask, or no answer.
pub fn command(argv: Vec<OsString>, stdin: bool) -> Result<u8, AskError> {
    let cwd = std::env::current_dir().map_err(AskError::Folder)?;
    let text = |word: OsString| word.into_string().map_err(|_| AskError::NotText);
    let argv = argv.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let run = Run { argv, cwd: text(cwd.into_os_string())?, stdin };
    run.check().map_err(AskError::Refused)?;
    Conversation::begin(&Ask::Run(run))?.listen(stdin)
}

/// Asks for a host, waits for the answer, and returns the exit code: 0 where the sandbox may reach it now, else 3.
///
/// # Errors
/// There is nobody to ask, or no answer.
pub fn domain(host: String, reason: Option<String>) -> Result<u8, AskError> {
    Conversation::begin(&Ask::RequestDomain(RequestDomain { host, reason }))?.listen(false)
}

struct Conversation {
    stream: TcpStream,
    /// Number of the signal that ended it; 0 for none.
    signal: Arc<AtomicI32>,
}

impl Conversation {
    fn begin(ask: &Ask) -> Result<Self, AskError> {
        // Before there is another thread, which would not inherit it.
        let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
        signals.thread_block().map_err(AskError::Signals)?;
        let mut stream = tunnel::open()?;
        stream.write_all(&line(ask)).map_err(AskError::Stream)?;
        let signal = Arc::new(AtomicI32::new(0));
        let (heard, ending) = (Arc::clone(&signal), stream.try_clone().map_err(AskError::Stream)?);
        thread::spawn(move || cancel(signals, &heard, &ending));
        Ok(Self { stream, signal })
    }

    fn listen(self, stdin: bool) -> Result<u8, AskError> {
        let mut lines = Lines::default();
        let mut piece = vec![0; READ];
        let mut turns = None;
        let mut stream = &self.stream;
        loop {
            while let Some(told) = lines.take::<Tell>().map_err(AskError::Refused)? {
                if matches!(told, Tell::Started) && stdin {
                    turns = Some(self.hand_over()?);
                }
                if matches!(told, Tell::Taken) {
                    // Nobody waits for a turn where the input has ended.
                    let _ = turns.as_ref().map(|turns| turns.send(()));
                }
                if let Some(code) = pass_on(told)? {
                    return Ok(code);
                }
            }
            match stream.read(&mut piece) {
                Ok(0) => return self.ended(),
                Ok(read) => lines.push(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if self.signal.load(Ordering::SeqCst) != 0 => return self.ended(),
                Err(error) => return Err(AskError::Stream(error)),
            }
        }
    }

    fn ended(&self) -> Result<u8, AskError> {
        match self.signal.load(Ordering::SeqCst) {
            0 => Err(AskError::Ended),
            signal => Ok(code(SIGNAL + signal)),
        }
    }

    /// Hands over standard input, one piece at a time; each further one when its turn is said.
    fn hand_over(&self) -> Result<mpsc::Sender<()>, AskError> {
        let mut stream = self.stream.try_clone().map_err(AskError::Stream)?;
        let (turns, turn) = mpsc::channel();
        thread::spawn(move || {
            let mut piece = vec![0; PIECE_LIMIT];
            loop {
                let read = io::stdin().lock().read(&mut piece).unwrap_or(0);
                let said = if read == 0 { Ask::End } else { Ask::Stdin(encode(&piece[..read])) };
                if stream.write_all(&line(&said)).is_err() || read == 0 || turn.recv().is_err() {
                    return;
                }
            }
        });
        Ok(turns)
    }
}

/// Waits for a signal, and has the command end.
fn cancel(signals: SigSet, heard: &AtomicI32, mut stream: &TcpStream) {
    let Ok(signal) = signals.wait() else { return };
    heard.store(signal as i32, Ordering::SeqCst);
    // The end of the tunnel says the same.
    let _ = stream.write_all(&line(&Ask::Cancel));
    let _ = stream.shutdown(Shutdown::Both);
}

/// Passes on what was said; returns the exit code where that was the last.
fn pass_on(told: Tell) -> Result<Option<u8>, AskError> {
    let write = |mut to: Box<dyn Write>, piece: &str| {
        let bytes = decode(piece).map_err(AskError::Refused)?;
        to.write_all(&bytes).and_then(|()| to.flush()).map_err(AskError::Stream)
    };
    match told {
        Tell::Pending { why } => eprintln!("hostexec: waiting {}", visible(&why)),
        Tell::Started | Tell::Taken => {}
        Tell::Stdout(piece) => write(Box::new(io::stdout()), &piece)?,
        Tell::Stderr(piece) => write(Box::new(io::stderr()), &piece)?,
        Tell::Exited { code: number } => return Ok(Some(code(number))),
        Tell::Signal { number } => return Ok(Some(code(SIGNAL + number))),
        Tell::Refused(refusal) => return Err(AskError::Refused(refusal)),
        Tell::Domain { allowed, text } => {
            eprintln!("hostexec: {}", visible(&text));
            return Ok(Some(if allowed { 0 } else { REFUSED }));
        }
    }
    Ok(None)
}

fn code(number: i32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}
