#![expect(clippy::disallowed_methods, reason = "adapter: the control plane's socket, and its process")]
//! The command line's end: finds the control plane, or starts it.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, sleep, timeout};

use crate::host::lock::{Lock, LockError};
use crate::host::paths::{self, PathsError};

use super::hostexec::Variables;
use super::protocol::{Ask, LINE_LIMIT, Reply, VERSION};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to begin.
const BIRTH: Duration = Duration::from_secs(10);
/// How often it is looked for meanwhile.
const RETRY: Duration = Duration::from_millis(5);

/// How often whoever works in a sandbox looks whether it lives.
const WATCH: Duration = Duration::from_secs(1);

/// Why the control plane cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Its program cannot be started.
    #[error("could not start the control plane")]
    Start(#[source] io::Error),
    /// It does not go away.
    #[error("the control plane did not end within {} seconds", BIRTH.as_secs())]
    Birth,
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] PathsError),
    /// Its lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The conversation broke.
    #[error("the conversation with the control plane broke")]
    Stream(#[source] io::Error),
    /// It ended.
    #[error("the control plane ended")]
    Ended,
    /// It took too long.
    #[error("the control plane did not answer within {} seconds", PATIENCE.as_secs())]
    Timeout,
    /// It said no.
    #[error("the control plane refused: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// It answered something else than what was asked.
    #[error("the control plane gave an answer to another question")]
    Unexpected,
}

impl ControlError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(
            "its own words are in the file control/log of the state folder; end it with `cloister shutdown`".to_owned(),
        )
    }
}

/// Returns the folder of the control plane in a state folder.
pub fn folder(state: &Path) -> PathBuf {
    state.join("control")
}

/// Returns the socket of the control plane of a state folder.
pub fn socket(state: &Path) -> PathBuf {
    folder(state).join("socket")
}

/// Returns what tells the running program from another build of it: place, size and time of change.
///
/// # Errors
/// The running program cannot be found.
pub fn stamp() -> io::Result<String> {
    let program = std::env::current_exe()?;
    let status = program.metadata()?;
    Ok(format!("{}:{}:{}:{}", status.dev(), status.ino(), status.size(), status.mtime_nsec()))
}

/// An open conversation with a control plane.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    stamp: String,
}

impl Connection {
    /// Opens a conversation; `None` where no control plane lives.
    ///
    /// # Errors
    /// One lives and does not answer.
    pub async fn open(state: &Path) -> Result<Option<Self>, ControlError> {
        let Ok(stream) = UnixStream::connect(socket(state)).await else { return Ok(None) };
        let (reader, writer) = stream.into_split();
        let mut connection = Self { reader: BufReader::new(reader), writer, stamp: String::new() };
        match connection.ask(&Ask::Hello).await {
            Ok(Reply::Welcome { version: VERSION, stamp, wants, .. }) => {
                connection.stamp = stamp;
                connection.hand_over(&wants).await?;
                Ok(Some(connection))
            }
            // One that ends, or one of another version, is as good as none.
            Ok(_) | Err(ControlError::Ended | ControlError::Stream(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hands over the variables that rules name: the control plane may be older than this login.
    async fn hand_over(&mut self, wants: &BTreeSet<String>) -> Result<(), ControlError> {
        let text = |name: &String| Some((name.clone(), std::env::var(name).ok()?));
        let variables = Variables::wanted(wants.iter().filter_map(text), wants);
        if !variables.is_empty() {
            self.ask(&Ask::Variables(variables)).await?;
        }
        Ok(())
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// It does not answer, or says no.
    pub async fn ask(&mut self, ask: &Ask) -> Result<Reply, ControlError> {
        let mut line = serde_json::to_vec(ask).expect("questions have text keys only");
        line.push(b'\n');
        let asked = async {
            self.writer.write_all(&line).await.map_err(ControlError::Stream)?;
            let mut line = Vec::new();
            let limit = u64::try_from(LINE_LIMIT).expect("the limit is small");
            let read = (&mut self.reader).take(limit).read_until(b'\n', &mut line).await;
            match read.map_err(ControlError::Stream)? {
                0 => Err(ControlError::Ended),
                _ => serde_json::from_slice(&line).map_err(|error| ControlError::Stream(error.into())),
            }
        };
        match timeout(PATIENCE, asked).await.map_err(|_elapsed| ControlError::Timeout)?? {
            Reply::Failed { reason } => Err(ControlError::Refused { reason }),
            reply => Ok(reply),
        }
    }
}

/// Makes sure that a control plane of this very build lives for a state folder. One that was just started need not have
/// begun yet: whoever asks it waits.
///
/// # Errors
/// It cannot be started, or one of another build does not go away.
pub async fn ensure(state: &Path) -> Result<(), ControlError> {
    let own = stamp().map_err(ControlError::Start)?;
    paths::private(&folder(state))?;
    let begun = Instant::now();
    while begun.elapsed() < BIRTH {
        match Connection::open(state).await? {
            Some(connection) if connection.stamp == own => return Ok(()),
            Some(mut other) => drop(other.ask(&Ask::End).await),
            None => {}
        }
        if let Some(lock) = Lock::try_take(&folder(state).join("lock"))? {
            return spawn(state, lock);
        }
        sleep(RETRY).await;
    }
    Err(ControlError::Birth)
}

/// Has a control plane live for as long as this is awaited: one that was killed is started again, one of another build is left
/// alone.
pub async fn keep(state: &Path) -> std::convert::Infallible {
    loop {
        sleep(WATCH).await;
        if UnixStream::connect(socket(state)).await.is_ok() {
            continue;
        }
        // Whoever has the lock starts it, or is about to end.
        if let Ok(Some(lock)) = Lock::try_take(&folder(state).join("lock"))
            && let Err(error) = spawn(state, lock)
        {
            tracing::debug!("the control plane cannot be started again: {error}");
        }
    }
}

/// Ends the control plane of a state folder, and waits until it is gone; it is fine if there is none.
///
/// # Errors
/// It does not go away.
pub async fn end(state: &Path) -> Result<(), ControlError> {
    paths::private(&folder(state))?;
    let begun = Instant::now();
    while begun.elapsed() < BIRTH {
        if let Some(mut connection) = Connection::open(state).await? {
            drop(connection.ask(&Ask::End).await);
        }
        if Lock::try_take(&folder(state).join("lock"))?.is_some() {
            return Ok(());
        }
        sleep(RETRY).await;
    }
    Err(ControlError::Birth)
}

/// Starts it. It gets the lock, and the socket that is listened on already, so that nobody comes too early; in a group of
/// its own, Ctrl-C does not reach it.
fn spawn(state: &Path, lock: Lock) -> Result<(), ControlError> {
    let listener = listen(&socket(state)).map_err(ControlError::Start)?;
    let log = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(folder(state).join("log"));
    let mut command = Command::new(std::env::current_exe().map_err(ControlError::Start)?);
    command.arg("control").current_dir("/").process_group(0);
    command.stdin(OwnedFd::from(listener)).stdout(OwnedFd::from(lock));
    // On a full disk it lives without its own words.
    command.stderr(log.map_or_else(|_| Stdio::null(), Stdio::from));
    command.spawn().map(drop).map_err(ControlError::Start)
}

/// Listens. What is at the path was left by one that was killed: the caller holds the lock.
fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => UnixListener::bind(path),
    }
}
