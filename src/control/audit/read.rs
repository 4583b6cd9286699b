//! Reading the log while it is written, across files that begin and go.

use std::path::{Path, PathBuf};

use super::connections::Connections;
use super::event::Record;
use super::filter::Filter;
use super::folder::{self, FolderError};
use super::line::Line;
use super::lines::{Lines, Next};

/// An entry could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A line is no entry; those after it can be read.
    #[error("line {line} of `{path}` is no entry of the log")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
}

impl ReadError {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Folder(error) => error.hint(),
            Self::Broken { .. } => Some("run `cloister audit verify`".to_owned()),
        }
    }
}

/// An entry that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The entry.
    pub record: Record,
    /// The line of the log, without its newline.
    pub line: String,
    /// Host and port that its connection goes to, where it does not say so itself.
    pub connected: Option<(String, u16)>,
}

/// Reads a log, from the first entry that is kept. Ends where nothing more is there for now: asked again later, it tells what
/// came since.
#[derive(Debug)]
pub struct Reading {
    folder: PathBuf,
    filter: Filter,
    /// Number of the file that is read.
    file: u64,
    lines: Option<Lines>,
    /// Number of the last entry that was read.
    last: u64,
    connections: Connections,
    /// Whether a broken line was read over once more already.
    is_sure: bool,
}

/// Reads what the filter wants of the log in a folder; nothing where there is none.
pub fn read(folder: &Path, filter: Filter) -> Reading {
    Reading {
        folder: folder.into(),
        filter,
        file: 0,
        lines: None,
        last: 0,
        connections: Connections::default(),
        is_sure: false,
    }
}

impl Iterator for Reading {
    type Item = Result<Seen, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.step() {
                Ok(Step::Seen(seen)) => return Some(Ok(*seen)),
                Ok(Step::Passed) => {}
                Ok(Step::End) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// What a line was.
enum Step {
    Seen(Box<Seen>),
    Passed,
    End,
}

impl Reading {
    /// Tells whether nothing was there to read so far, whatever was wanted.
    pub fn is_empty(&self) -> bool {
        self.file == 0
    }

    fn step(&mut self) -> Result<Step, ReadError> {
        if self.lines.is_none() && !self.open_next()? {
            return Ok(Step::End);
        }
        let Some(lines) = &mut self.lines else { return Ok(Step::End) };
        if lines.next()? == Next::Line {
            return self.take();
        }
        if lines.is_shorter() {
            lines.rewind()?;
            return Ok(Step::Passed);
        }
        // What was written between that end and the beginning of the next file comes first.
        let has_next = folder::numbers(&self.folder)?.iter().any(|file| *file > self.file);
        let Some(lines) = self.lines.as_mut().filter(|_| has_next) else { return Ok(Step::End) };
        if lines.next()? == Next::Line {
            return self.take();
        }
        self.lines = None;
        Ok(Step::Passed)
    }

    fn open_next(&mut self) -> Result<bool, FolderError> {
        for file in folder::numbers(&self.folder)? {
            if file > self.file
                && let Some(lines) = Lines::open(&self.folder, file)?
            {
                (self.file, self.lines, self.is_sure) = (file, Some(lines), false);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn take(&mut self) -> Result<Step, ReadError> {
        let Some(lines) = &mut self.lines else { return Ok(Step::End) };
        let (Some(line), Ok(text)) = (Line::parse(lines.line()), std::str::from_utf8(lines.line())) else {
            return self.broken();
        };
        let record = line.record;
        if record.number <= self.last {
            return Ok(Step::Passed);
        }
        self.last = record.number;
        let connected = self.connections.follow(&record);
        if !self.filter.wants(&record, connected.as_ref().map(|(host, _)| host.as_str())) {
            return Ok(Step::Passed);
        }
        Ok(Step::Seen(Box::new(Seen { record, line: text.to_owned(), connected })))
    }

    /// A line may look broken because what stood before it was taken back meanwhile: then reading the file again helps.
    fn broken(&mut self) -> Result<Step, ReadError> {
        let Some(lines) = &mut self.lines else { return Ok(Step::End) };
        if std::mem::replace(&mut self.is_sure, true) {
            return Err(ReadError::Broken { path: lines.path().into(), line: lines.count() });
        }
        lines.rewind()?;
        Ok(Step::Passed)
    }
}

#[cfg(test)]
mod tests;
