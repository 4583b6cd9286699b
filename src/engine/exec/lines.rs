//! A process whose output goes to standard error: a lifecycle command, alone or beside others with a prefix on each line.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::SignalKind;

use super::super::connect::Engine;
use super::super::frames::Demultiplexer;
use super::super::hijack::Stream;
use super::attached::listen;
use super::{ExecError, Process, Streams, start};

/// Runs a process without standard input and returns its exit code. With a `name`, every line begins with it.
///
/// # Errors
/// It cannot be run, or a stream breaks.
pub async fn run(engine: &Engine, container: &str, process: &Process, name: Option<&str>) -> Result<u8, ExecError> {
    let (running, stream) = start(engine, container, process, Streams { stdin: false, terminal: None }).await?;
    let prefix = name.map(|name| format!("[{}] ", name.escape_debug()));
    let mut interrupted = listen(SignalKind::interrupt())?;
    let mut terminated = listen(SignalKind::terminate())?;
    let mut shown = std::pin::pin!(show(stream, prefix.as_deref()));
    loop {
        let name = tokio::select! {
            shown = &mut shown => break shown.map_err(ExecError::Streams)?,
            _ = interrupted.recv() => "INT",
            _ = terminated.recv() => "TERM",
        };
        running.signal(name).await?;
    }
    running.exit_code().await
}

async fn show(mut stream: Stream, prefix: Option<&str>) -> io::Result<()> {
    let mut output = tokio::io::stderr();
    let mut demultiplexer = Demultiplexer::default();
    let mut lines = Lines { prefix: prefix.unwrap_or_default(), fresh: true };
    let mut buffer = vec![0; 32 << 10];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let mut input = &buffer[..length];
        let mut text = Vec::with_capacity(length);
        while let Some((_, bytes)) = demultiplexer.next(&mut input).map_err(io::Error::other)? {
            lines.append(&mut text, bytes);
        }
        output.write_all(&text).await?;
        output.flush().await?;
    }
}

/// Puts a prefix before every line.
struct Lines<'a> {
    prefix: &'a str,
    fresh: bool,
}

impl Lines<'_> {
    fn append(&mut self, text: &mut Vec<u8>, bytes: &[u8]) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.fresh {
                text.extend_from_slice(self.prefix.as_bytes());
            }
            text.extend_from_slice(line);
            self.fresh = line.ends_with(b"\n");
        }
    }
}

#[cfg(test)]
mod tests;
