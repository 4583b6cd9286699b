//! A process that has this process's own standard streams: byte by byte, with its signals and its exit code.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, Stdout, WriteHalf};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;

use super::super::connect::Engine;
use super::super::frames::{Demultiplexer, Output};
use super::super::hijack::Stream;
use super::{ExecError, Process, Running, Streams, start};
use crate::host::{stdin, terminal};

/// Runs a process with this process's standard streams and returns its exit code. With a terminal on both sides it
/// gets one of its own.
///
/// # Errors
/// It cannot be run, or a stream breaks.
pub async fn run(engine: &Engine, container: &str, process: &Process) -> Result<u8, ExecError> {
    let size = if terminal::is_interactive() { Some(terminal::size().unwrap_or((24, 80))) } else { None };
    let streams = Streams { stdin: true, terminal: size };
    let running = start(engine, container, process, streams).await?;
    if size.is_some() { in_terminal(running).await } else { in_pipes(running).await }
}

async fn in_terminal(mut running: Running<'_>) -> Result<u8, ExecError> {
    let raw = terminal::RawMode::enter().map_err(ExecError::Streams)?;
    let mut resized = listen(SignalKind::window_change())?;
    let mut input = Some(stdin::chunks());
    let mut buffer = vec![0; 32 << 10];
    let mut stdout = tokio::io::stdout();
    if let Some(size) = terminal::size() {
        running.resize(size).await;
    }
    loop {
        tokio::select! {
            length = running.stream.read(&mut buffer) => match length.map_err(ExecError::Streams)? {
                0 => break,
                length => write(&mut stdout, &buffer[..length]).await?,
            },
            chunk = next(&mut input) => match chunk {
                Some(chunk) => running.stream.write_all(&chunk).await.map_err(ExecError::Streams)?,
                None => input = None,
            },
            _ = resized.recv() => if let Some(size) = terminal::size() {
                running.resize(size).await;
            },
        }
    }
    drop(raw);
    running.exit_code().await
}

async fn in_pipes(running: Running<'_>) -> Result<u8, ExecError> {
    let (mut interrupted, mut terminated) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut hung_up = listen(SignalKind::hangup())?;
    let (running, reader, writer) = split(running);
    let mut input = tokio::spawn(feed(writer));
    let mut output = std::pin::pin!(drain(reader));
    let drained = loop {
        let name = tokio::select! {
            drained = &mut output => break drained,
            _ = interrupted.recv() => "INT",
            _ = terminated.recv() => "TERM",
            _ = hung_up.recv() => "HUP",
        };
        running.signal(name).await?;
    };
    input.abort();
    // Aborted or done: either way nobody feeds the process any more.
    let _ = (&mut input).await;
    match drained {
        Ok(()) => running.exit_code().await,
        Err(error) => {
            // Whoever read our output is gone: the process learns it as it would from a pipe.
            running.signal("TERM").await?;
            Err(ExecError::Streams(error))
        }
    }
}

/// A started process whose streams are in other hands.
struct Handle<'a> {
    running: Running<'a>,
}

impl Handle<'_> {
    async fn signal(&self, name: &str) -> Result<(), ExecError> {
        self.running.signal(name).await
    }

    async fn exit_code(&self) -> Result<u8, ExecError> {
        self.running.exit_code().await
    }
}
