//! A process that has this process's own standard streams: byte by byte, with its signals and its exit code.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::signal::unix::{SignalKind, signal};

use super::super::connect::Engine;
use super::super::frames::{Demultiplexer, Output};
use super::super::hijack::Stream;
use super::{ExecError, Process, Running, Streams, start, start_waiting};
use crate::host::signals::{Signals, Stop};
use crate::host::{stdin, terminal};

/// Exit code of a process whose reader has seen enough, as shells give it for SIGPIPE.
const BROKEN_PIPE: u8 = 141;

/// A process that may run soon.
#[derive(Debug)]
pub struct Prepared<'a> {
    engine: &'a Engine,
    container: String,
    process: Process,
    /// What waits inside; with a terminal, whose first bytes would be somebody's keys, nothing does.
    waiting: Option<(Running<'a>, Stream)>,
}

/// Has the engine do what it takes longest for, while somebody else finds out whether the process may run.
///
/// # Errors
/// The engine does not do it.
pub async fn prepare<'a>(engine: &'a Engine, container: &str, process: Process) -> Result<Prepared<'a>, ExecError> {
    let waiting = match terminal::is_interactive() {
        true => None,
        false => Some(start_waiting(engine, container, &process).await?),
    };
    Ok(Prepared { engine, container: container.to_owned(), process, waiting })
}

impl Prepared<'_> {
    /// Runs the process with this process's standard streams, and returns its exit code and what is asked `after` its
    /// output has ended. With a terminal on both sides it gets one of its own.
    ///
    /// # Errors
    /// It cannot be run, or a stream breaks.
    pub async fn run<T>(mut self, signals: &mut Signals, after: impl Future<Output = T>) -> Result<(u8, T), ExecError> {
        match self.waiting.take() {
            Some((running, mut stream)) => {
                let told = stream.write_all(&self.process.request().to_bytes()).await;
                told.map_err(ExecError::Streams)?;
                let (reader, writer) = tokio::io::split(stream);
                let ended = in_pipes(&running, reader, writer, signals).await;
                finish(&running, ended, after).await
            }
            None => self.run_in_terminal(signals, after).await,
        }
    }

    async fn run_in_terminal<T>(
        mut self,
        signals: &mut Signals,
        after: impl Future<Output = T>,
    ) -> Result<(u8, T), ExecError> {
        self.process.env.entry("TERM".to_owned()).or_insert_with(terminal::kind);
        let size = terminal::size().unwrap_or((24, 80));
        let streams = Streams { stdin: true, terminal: Some(size) };
        let (running, stream) = start(self.engine, &self.container, &self.process, streams).await?;
        let (reader, writer) = tokio::io::split(stream);
        let ended = in_terminal(&running, reader, writer, signals).await;
        finish(&running, ended, after).await
    }
}

async fn finish<T>(
    running: &Running<'_>,
    ended: Result<(), ExecError>,
    after: impl Future<Output = T>,
) -> Result<(u8, T), ExecError> {
    match ended {
        Ok(()) => {
            let (code, after) = tokio::join!(running.exit_code(), after);
            Ok((code?, after))
        }
        Err(ExecError::Streams(error)) => {
            // Whoever read the output is gone: the process learns it as it would from a pipe.
            running.signal("TERM").await?;
            match error.kind() {
                io::ErrorKind::BrokenPipe => Ok((BROKEN_PIPE, after.await)),
                _ => Err(ExecError::Streams(error)),
            }
        }
        Err(error) => Err(error),
    }
}

async fn in_terminal(
    running: &Running<'_>,
    reader: ReadHalf<Stream>,
    mut writer: WriteHalf<Stream>,
    signals: &mut Signals,
) -> Result<(), ExecError> {
    let _raw = terminal::RawMode::enter().map_err(ExecError::Streams)?;
    let mut resized = signal(SignalKind::window_change()).map_err(ExecError::Streams)?;
    let mut asked = None;
    let mut output = std::pin::pin!(copy(reader));
    let mut input = std::pin::pin!(feed(&mut writer));
    let mut is_open = true;
    // The size at creation is not honoured by engines before API 1.42.
    let mut changed = true;
    loop {
        if changed && let Some(size) = terminal::size() {
            running.resize(size).await;
        }
        // A terminal that was closed says so, or has no more input; nobody would see the process go on.
        let stop = tokio::select! {
            ended = &mut output => return ended.map_err(ExecError::Streams),
            _ = resized.recv() => None,
            fed = &mut input, if is_open => {
                is_open = false;
                (fed == Fed::Everything).then_some(Stop::HangUp)
            }
            stop = signals.next() => Some(stop),
        };
        changed = stop.is_none();
        if let Some(stop) = stop {
            // Keys are how somebody ends a program that is deaf; without the terminal, asking twice is.
            let again = asked.replace(stop) == Some(stop) && matches!(stop, Stop::Terminate | Stop::HangUp);
            running.signal(if again { "KILL" } else { stop.name() }).await?;
        }
    }
}

async fn in_pipes(
    running: &Running<'_>,
    reader: ReadHalf<Stream>,
    mut writer: WriteHalf<Stream>,
    signals: &mut Signals,
) -> Result<(), ExecError> {
    let mut output = std::pin::pin!(demultiplex(reader, tokio::io::stdout(), tokio::io::stderr()));
    let mut input = std::pin::pin!(async {
        if feed(&mut writer).await == Fed::Everything {
            let _ = writer.shutdown().await;
        }
    });
    let mut is_open = true;
    loop {
        let stop = tokio::select! {
            ended = &mut output => return ended.map_err(ExecError::Streams),
            () = &mut input, if is_open => {
                is_open = false;
                continue;
            }
            stop = signals.next() => stop,
        };
        running.signal(stop.name()).await?;
    }
}

/// What became of standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fed {
    /// It ended, and the process has all of it.
    Everything,
    /// The process takes no more of it, and goes on all the same.
    Refused,
}

/// Standard input to the process.
async fn feed(writer: &mut WriteHalf<Stream>) -> Fed {
    let mut chunks = stdin::chunks();
    while let Some(chunk) = chunks.recv().await {
        if writer.write_all(&chunk).await.is_err() || writer.flush().await.is_err() {
            return Fed::Refused;
        }
    }
    Fed::Everything
}

async fn copy(mut reader: ReadHalf<Stream>) -> io::Result<()> {
    let mut output = tokio::io::stdout();
    let mut buffer = vec![0; 32 << 10];
    loop {
        match reader.read(&mut buffer).await? {
            0 => return Ok(()),
            length => {
                output.write_all(&buffer[..length]).await?;
                output.flush().await?;
            }
        }
    }
}

/// Takes the engine's frames apart into two outputs, until the stream ends.
pub(super) async fn demultiplex(
    mut reader: impl tokio::io::AsyncRead + Unpin,
    mut stdout: impl AsyncWrite + Unpin,
    mut stderr: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut demultiplexer = Demultiplexer::default();
    let mut buffer = vec![0; 32 << 10];
    loop {
        let length = reader.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let mut input = &buffer[..length];
        while let Some((output, bytes)) = demultiplexer.next(&mut input).map_err(io::Error::other)? {
            match output {
                Output::Stdout => stdout.write_all(bytes).await?,
                Output::Stderr => stderr.write_all(bytes).await?,
            }
        }
        stdout.flush().await?;
        stderr.flush().await?;
    }
}
