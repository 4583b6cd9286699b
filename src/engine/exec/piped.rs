//! A process of cloister's own in a sandbox that reads a file and writes one: an agent may write anything, for ever.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf};
use tokio::time::timeout;

use super::super::connect::Engine;
use super::super::frames::{Demultiplexer, Output};
use super::super::hijack::Stream;
use super::{ExecError, Process, Streams, start};

/// Most bytes of standard error that are kept.
const SAID: usize = 4 << 10;

/// What came of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piped {
    /// How it ended.
    pub end: End,
    /// The beginning of its standard error.
    pub said: String,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Exited(u8),
    /// It was killed, because it wrote more than it may.
    TooMuch,
    /// It was killed, because it took longer than it may.
    Slow,
}

/// How much a process may write, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of standard output.
    pub bytes: u64,
    /// Time in all.
    pub patience: Duration,
}

/// Runs a process with `input` as its standard input; what it writes goes to `output`.
///
/// # Errors
/// It cannot be run, a stream breaks, or `output` takes no more.
pub async fn run(
    engine: &Engine,
    container: &str,
    process: &Process,
    (mut input, mut output): (impl AsyncReadExt + Unpin, impl AsyncWriteExt + Unpin),
    bounds: Bounds,
) -> Result<Piped, ExecError> {
    let (running, stream) = start(engine, container, process, Streams { stdin: true, terminal: None }).await?;
    let (reader, mut writer) = tokio::io::split(stream);
    let mut said = Vec::new();
    let feeding = async {
        // Whoever reads no further says why by its exit code.
        if tokio::io::copy(&mut input, &mut writer).await.is_ok() {
            let _ = writer.shutdown().await;
        }
    };
    let both = async { tokio::join!(drain(reader, &mut output, &mut said, bounds.bytes), feeding).0 };
    let end = match timeout(bounds.patience, both).await {
        Ok(drained) => drained.map_err(ExecError::Streams)?,
        Err(_elapsed) => Some(End::Slow),
    };
    // An engine that waits for somebody to read answers nothing else about the process.
    drop(writer);
    let end = match end {
        None => End::Exited(running.exit_code().await?),
        Some(end) => {
            running.signal("KILL").await?;
            end
        }
    };
    output.flush().await.map_err(ExecError::Streams)?;
    Ok(Piped { end, said: String::from_utf8_lossy(&said).trim().to_owned() })
}

/// Takes what the process writes, until it has ended or has written too much.
async fn drain(
    mut reader: ReadHalf<Stream>,
    output: &mut (impl AsyncWriteExt + Unpin),
    said: &mut Vec<u8>,
    limit: u64,
) -> io::Result<Option<End>> {
    let mut demultiplexer = Demultiplexer::default();
    let (mut written, mut buffer) = (0_u64, vec![0; 64 << 10]);
    loop {
        let length = reader.read(&mut buffer).await?;
        if length == 0 {
            return Ok(None);
        }
        let mut input = &buffer[..length];
        while let Some((stream, bytes)) = demultiplexer.next(&mut input).map_err(io::Error::other)? {
            match stream {
                Output::Stderr => said.extend(bytes.iter().take(SAID.saturating_sub(said.len()))),
                Output::Stdout => {
                    written += bytes.len() as u64;
                    if written > limit {
                        return Ok(Some(End::TooMuch));
                    }
                    output.write_all(bytes).await?;
                }
            }
        }
    }
}
