//! The lines of one file, while somebody may still write it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::folder::{self, FolderError};
use super::line::LINE_LIMIT;

/// What is read next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, which is in [`Lines::line`].
    Line,
    /// So many bytes without a newline, or none: nothing more for now.
    End(usize),
}

/// A file, read line by line.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    /// Bytes of the lines that were read.
    offset: u64,
    /// How many lines were read.
    count: u64,
}

impl Lines {
    /// Opens a file of the log; `None` where there is none (any more).
    pub(super) fn open(folder: &Path, file: u64) -> Result<Option<Self>, FolderError> {
        let path = folder::path(folder, file);
        match folder::open(&path) {
            Err(error) if error.is_absent() => Ok(None),
            opened => Ok(Some(Self { reader: BufReader::new(opened?), path, line: Vec::new(), offset: 0, count: 0 })),
        }
    }

    /// Reads the next line. A line that is longer than any that is written comes in pieces, none of which is an entry.
    pub(super) fn next(&mut self) -> Result<Next, FolderError> {
        self.line.clear();
        let failed = |path: &Path, source: io::Error| FolderError::Use { path: path.into(), source };
        let read = (&mut self.reader).take(LINE_LIMIT as u64).read_until(b'\n', &mut self.line);
        let read = read.map_err(|source| failed(&self.path, source))?;
        if self.line.last() == Some(&b'\n') || read == LINE_LIMIT {
            self.offset += read as u64;
            self.count += 1;
            return Ok(Next::Line);
        }
        self.reader.seek(SeekFrom::Start(self.offset)).map_err(|source| failed(&self.path, source))?;
        Ok(Next::End(read))
    }

    /// Returns the line that was read, without its newline.
    pub(super) fn line(&self) -> &[u8] {
        self.line.strip_suffix(b"\n").unwrap_or(&self.line)
    }

    /// Returns the number of the line that was read, from 1.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether what was read is not there any more: a write that failed was taken back.
    pub(super) fn is_shorter(&self) -> bool {
        self.reader.get_ref().metadata().is_ok_and(|status| status.len() < self.offset)
    }

    /// Reads from the first line again.
    pub(super) fn rewind(&mut self) -> Result<(), FolderError> {
        (self.offset, self.count) = (0, 0);
        let failed = |source| FolderError::Use { path: self.path.clone(), source };
        self.reader.rewind().map_err(failed)
    }
}
