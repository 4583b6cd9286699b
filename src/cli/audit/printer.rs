//! Entries on standard output, as they come: a log is larger than what should be held at once.

use std::io::{self, BufWriter, Write};

use super::text;
use super::when;
use crate::cli::failure::Failure;
use crate::cli::list::Format;
use crate::control::audit::read::Seen;

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct WriteError {
    source: io::Error,
}

/// Standard output, for entries.
#[derive(Debug)]
pub(super) struct Printer {
    format: Format,
    out: BufWriter<anstream::Stdout>,
}

impl Printer {
    pub(super) fn new(format: Format) -> Self {
        Self { format, out: BufWriter::with_capacity(64 << 10, anstream::stdout()) }
    }

    /// Prints an entry; `false` where nobody reads any more.
    pub(super) fn print(&mut self, seen: &Seen) -> Result<bool, Failure> {
        let line = match self.format {
            Format::Json => format!("{}\n", seen.line),
            Format::Text => text::line(seen, when::local(seen.record.time), true),
        };
        is_read(self.out.write_all(line.as_bytes()))
    }

    /// Has everything that was printed read; `false` where nobody reads any more.
    pub(super) fn flush(&mut self) -> Result<bool, Failure> {
        is_read(self.out.flush())
    }
}

fn is_read(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(source) => Err(Failure::new(&WriteError { source })),
    }
}
