//! A process whose output goes to standard error: a lifecycle command, alone or beside others with a prefix on each line.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::super::connect::Engine;
use super::super::frames::Demultiplexer;
use super::super::hijack::Stream;
use super::{ExecError, Process, Streams, start};
use crate::host::signals::Signals;
use crate::host::terminal;
use crate::ui::text::visible;

/// How long killing a process may take.
const KILLING: Duration = Duration::from_secs(5);

/// Runs a process without standard input and returns its exit code. With a `name`, every line begins with it. The first
/// request to end is passed on; after the second, the process is killed and `None` returned.
///
/// # Errors
/// It cannot be run, or a stream breaks.
pub async fn run(
    engine: &Engine,
    container: &str,
    process: &Process,
    name: Option<&str>,
    signals: &mut Signals,
) -> Result<Option<u8>, ExecError> {
    let (running, stream) = start(engine, container, process, Streams { stdin: false, terminal: None }).await?;
    let prefix = name.map(|name| format!("[{}] ", name.escape_debug()));
    let mut shown = std::pin::pin!(show(stream, prefix.as_deref()));
    let mut asked = false;
    loop {
        let stop = tokio::select! {
            shown = &mut shown => break shown.map_err(ExecError::Streams)?,
            stop = signals.next() => stop,
        };
        if !std::mem::replace(&mut asked, true) {
            tokio::select! {
                sent = running.signal(stop.name()) => {
                    if sent? {
                        continue;
                    }
                    // It ended before it could be told: what was asked for is for whatever comes next.
                    signals.give_back(stop);
                    break shown.await.map_err(ExecError::Streams)?;
                }
                _ = signals.next() => {}
            }
        }
        // Whoever asked twice does not wait for an engine that does not answer.
        let _ = timeout(KILLING, running.signal("KILL")).await;
        return Ok(None);
    }
    running.exit_code().await.map(Some)
}

async fn show(mut stream: Stream, prefix: Option<&str>) -> io::Result<()> {
    let mut output = tokio::io::stderr();
    let mut demultiplexer = Demultiplexer::default();
    let mut lines = Lines::new(prefix.unwrap_or_default(), terminal::stderr_is_terminal());
    let mut buffer = vec![0; 32 << 10];
    loop {
        let length = stream.read(&mut buffer).await?;
        let mut input = &buffer[..length];
        let mut text = Vec::with_capacity(length);
        while let Some((_, bytes)) = demultiplexer.next(&mut input).map_err(io::Error::other)? {
            lines.append(&mut text, bytes);
        }
        if length == 0 {
            lines.end(&mut text);
        }
        output.write_all(&text).await?;
        output.flush().await?;
        if length == 0 {
            return Ok(());
        }
    }
}

/// Puts a prefix before every line. For a terminal, what would move the cursor or not be seen is shown instead: the
/// repository's commands are not to write over cloister's own lines.
pub(crate) struct Lines<'a> {
    prefix: &'a str,
    fresh: bool,
    terminal: bool,
    /// The beginning of a character whose end has not come yet.
    pending: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(prefix: &'a str, terminal: bool) -> Self {
        Self { prefix, fresh: true, terminal, pending: Vec::new() }
    }

    pub(crate) fn append(&mut self, text: &mut Vec<u8>, bytes: &[u8]) {
        if !self.terminal {
            return self.prefixed(text, bytes);
        }
        let mut bytes = [std::mem::take(&mut self.pending).as_slice(), bytes].concat();
        if let Some(chunk) = bytes.utf8_chunks().last()
            && !chunk.invalid().is_empty()
        {
            let tail = bytes.len() - chunk.invalid().len();
            // Without a length of the mistake, the rest may still come.
            if std::str::from_utf8(&bytes[tail..]).is_err_and(|error| error.error_len().is_none()) {
                self.pending = bytes.split_off(tail);
            }
        }
        let shown = shown(&String::from_utf8_lossy(&bytes));
        self.prefixed(text, shown.as_bytes());
    }

    /// Shows a character that never came to its end.
    pub(crate) fn end(&mut self, text: &mut Vec<u8>) {
        if !std::mem::take(&mut self.pending).is_empty() {
            self.prefixed(text, "\u{fffd}".as_bytes());
        }
    }

    fn prefixed(&mut self, text: &mut Vec<u8>, bytes: &[u8]) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.fresh {
                text.extend_from_slice(self.prefix.as_bytes());
            }
            text.extend_from_slice(line);
            self.fresh = line.ends_with(b"\n");
        }
    }
}

/// Makes text visible; lines, tabs and a return before the end of a line stay.
pub(crate) fn shown(text: &str) -> String {
    let piece = |piece: &str| match piece {
        "\r\n" | "\n" => "\n".to_owned(),
        "\t" => "\t".to_owned(),
        other => visible(other),
    };
    let ends = |(at, end): (usize, &str)| (at, at + end.len());
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, to) in text.match_indices(['\n', '\t']).map(ends) {
        let at = if text[from..to].ends_with("\r\n") { at - 1 } else { at };
        pieces.extend([&text[from..at], &text[at..to]]);
        from = to;
    }
    pieces.push(&text[from..]);
    pieces.into_iter().map(piece).collect()
}

#[cfg(test)]
mod tests;
