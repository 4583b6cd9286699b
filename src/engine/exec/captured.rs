//! A short process of cloister's own in a sandbox, for what it prints.

use std::io;

use tokio::io::AsyncReadExt;

use super::super::connect::Engine;
use super::super::frames::{Demultiplexer, Output};
use super::{ExecError, Process, Streams, start};

/// Runs a process and returns the first `limit` bytes of its standard output; `None` if it failed.
///
/// # Errors
/// It cannot be run, or its stream breaks.
pub async fn run(
    engine: &Engine,
    container: &str,
    process: &Process,
    limit: usize,
) -> Result<Option<Vec<u8>>, ExecError> {
    let (running, mut stream) = start(engine, container, process, Streams { stdin: false, terminal: None }).await?;
    let mut demultiplexer = Demultiplexer::default();
    let (mut printed, mut buffer) = (Vec::new(), vec![0; 8 << 10]);
    loop {
        let length = stream.read(&mut buffer).await.map_err(ExecError::Streams)?;
        if length == 0 {
            break;
        }
        let mut input = &buffer[..length];
        let broken = |error| ExecError::Streams(io::Error::other(error));
        while let Some((output, bytes)) = demultiplexer.next(&mut input).map_err(broken)? {
            let room = limit.saturating_sub(printed.len()).min(bytes.len());
            printed.extend_from_slice(if output == Output::Stdout { &bytes[..room] } else { &[] });
        }
    }
    Ok((running.exit_code().await? == 0).then_some(printed))
}
