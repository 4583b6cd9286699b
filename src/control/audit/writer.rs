#![expect(clippy::disallowed_methods, reason = "adapter: the clock, and files that are removed")]
//! Writes entries into files. Bytes that are not on disk yet are kept in memory, so that a sync that failed can be made good.
//!
//! Invariant: after an append that failed, the files are as they were before it.

mod due;
mod guardians;
mod opening;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::event::{Beginning, Chain, Control, Entry, Gap, Record, Removed, What};
use super::folder::{self, Head};
use super::line;
use super::{bounds, log::Sizes};
use due::{Due, Unsynced};
use guardians::Guardians;

/// Where the log ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Position {
    number: u64,
    chain: Chain,
}

/// A file as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Begun {
    file: u64,
    first: u64,
    previous: Chain,
}

/// The file that is written.
#[derive(Debug, Clone)]
struct Current {
    file: Arc<File>,
    /// Bytes of whole lines.
    length: u64,
}

/// The one who writes.
#[derive(Debug, Default)]
pub(super) struct Writer {
    folder: PathBuf,
    sizes: Sizes,
    files: VecDeque<Begun>,
    /// None before the first file is begun.
    current: Option<Current>,
    last: Position,
    guardians: Guardians,
    unsynced: Vec<Unsynced>,
    obsolete: Vec<PathBuf>,
    /// Why nothing is taken, where nothing is.
    trouble: Option<Arc<io::Error>>,
}

/// Entries as they will be, before they are written.
struct Draft {
    lines: Vec<u8>,
    last: Position,
    guardians: Guardians,
}

impl Draft {
    fn add(&mut self, mut entry: Entry) {
        bounds::bound(&mut entry);
        if let Some(origin) = &entry.origin {
            let known = self.guardians.last(&origin.epoch);
            if origin.event <= known {
                return;
            }
            let (epoch, event) = (origin.epoch.clone(), origin.event);
            if event > known + 1 && !matches!(entry.what, What::Gap(_)) {
                let gap = Gap { epoch: epoch.clone(), first: known + 1, last: Some(event - 1) };
                self.write(Entry { time: entry.time, sandbox: None, origin: None, what: What::Gap(gap) });
            }
            self.guardians.set(epoch, event);
        }
        self.write(entry);
    }

    fn write(&mut self, entry: Entry) {
        let Entry { time, sandbox, origin, what } = entry;
        let record = Record { number: self.last.number + 1, time, sandbox, origin, what };
        self.last = Position { number: record.number, chain: line::write(&record, &self.last.chain, &mut self.lines) };
    }
}

impl Writer {
    /// Writes entries; returns their numbers. What the log has of a guardian already is left out, and what it should have
    /// and never got is written as a gap.
    pub(super) fn append(&mut self, entries: Vec<Entry>) -> Result<Range<u64>, Arc<io::Error>> {
        if let Some(trouble) = &self.trouble {
            return Err(Arc::clone(trouble));
        }
        if entries.is_empty() {
            return Ok(self.last.number + 1..self.last.number + 1);
        }
        self.make_room()?;
        let mut draft = Draft { lines: Vec::new(), last: self.last.clone(), guardians: self.guardians.clone() };
        entries.into_iter().for_each(|entry| draft.add(entry));
        let first = self.last.number + 1;
        self.write(draft.lines)?;
        (self.last, self.guardians) = (draft.last, draft.guardians);
        Ok(first..self.last.number + 1)
    }

    /// Makes sure that there is a file to write into, and room in it.
    fn make_room(&mut self) -> io::Result<()> {
        let is_full = self.current.as_ref().is_none_or(|current| current.length >= self.sizes.file);
        if is_full { self.begin_file() } else { Ok(()) }
    }

    fn write(&mut self, lines: Vec<u8>) -> io::Result<()> {
        let Some(Current { file, length }) = self.current.clone() else { return Err(io::ErrorKind::NotFound.into()) };
        if let Err(error) = file.write_all_at(&lines, length) {
            if let Err(error) = file.set_len(length) {
                self.trouble = Some(Arc::new(error));
            }
            return Err(error);
        }
        self.note_written(lines);
        Ok(())
    }

    fn note_written(&mut self, lines: Vec<u8>) {
        let Some(current) = self.current.as_mut().filter(|_| !lines.is_empty()) else { return };
        let (offset, added) = (current.length, lines.len() as u64);
        current.length += added;
        match self.unsynced.last_mut() {
            Some(last) if Arc::ptr_eq(&last.file, &current.file) => last.bytes.extend(lines),
            _ => self.unsynced.push(Unsynced { file: Arc::clone(&current.file), offset, bytes: lines }),
        }
    }

    /// Begins the next file, whose first line says which files go.
    fn begin_file(&mut self) -> io::Result<()> {
        let file = self.files.back().map_or(1, |begun| begun.file + 1);
        let (beginning, kept) = self.beginning(file);
        let entry = Entry { time: now(), sandbox: None, origin: None, what: What::Log(beginning) };
        let mut draft = Draft { lines: Vec::new(), last: self.last.clone(), guardians: Guardians::default() };
        draft.write(entry);
        let path = folder::path(&self.folder, file);
        let created = folder::create(&path).map_err(io::Error::other)?;
        if let Err(error) = created.write_all_at(&draft.lines, 0) {
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        let begun = Begun { file, first: draft.last.number, previous: self.last.chain.clone() };
        let gone = self.files.drain(..self.files.len() - kept);
        self.obsolete.extend(gone.map(|old| folder::path(&self.folder, old.file)));
        self.files.push_back(begun);
        self.last = draft.last;
        self.current = Some(Current { file: Arc::new(created), length: 0 });
        self.note_written(draft.lines);
        Ok(())
    }

    /// Returns what the first line of the next file says, and how many of the files there are stay beside it.
    fn beginning(&self, file: u64) -> (Beginning, usize) {
        let kept = self.files.len().min(self.sizes.files.saturating_sub(1));
        let gone = self.files.len() - kept;
        let after = self.files.iter().skip(1).map(|next| (next.first, &next.previous));
        let ends = after.chain([(self.last.number + 1, &self.last.chain)]);
        let removed = self.files.iter().zip(ends).take(gone).map(|(old, (next, chain))| Removed {
            file: old.file,
            first: old.first,
            last: next - 1,
            chain: chain.clone(),
        });
        let beginning = Beginning {
            file,
            previous: self.last.chain.clone(),
            kept: self.files.get(gone).map_or(file, |begun| begun.file),
            removed: removed.collect(),
            guardians: self.guardians.latest(),
        };
        (beginning, kept)
    }

    /// Returns the number of the last event of a life of a guardian that the log has; 0 for none.
    pub(super) fn last_guardian_event(&self, epoch: &str) -> u64 {
        self.guardians.last(epoch)
    }

    /// Returns why nothing is taken, where nothing is.
    pub(super) fn trouble(&self) -> Option<Arc<io::Error>> {
        self.trouble.clone()
    }

    /// Tells whether something is not on disk.
    pub(super) fn is_due(&self) -> bool {
        !self.unsynced.is_empty() || self.trouble.is_some()
    }

    /// Returns what has to get on disk, for whoever does that without holding up those who append.
    pub(super) fn take_due(&mut self) -> Due {
        Due {
            folder: self.folder.clone(),
            files: std::mem::take(&mut self.unsynced),
            current: self.current.clone(),
            head: Head { number: self.last.number, chain: self.last.chain.clone() },
            obsolete: std::mem::take(&mut self.obsolete),
        }
    }

    /// Takes nothing until what was due is on disk.
    pub(super) fn close(&mut self, due: Due, error: io::Error) {
        self.trouble = Some(Arc::new(error));
        self.obsolete.extend(due.obsolete);
        let newer = std::mem::replace(&mut self.unsynced, due.files);
        self.unsynced.extend(newer);
    }

    /// Takes entries again.
    pub(super) fn reopen(&mut self) {
        self.trouble = None;
    }
}

/// Milliseconds since the Unix epoch.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn control(control: Control) -> Entry {
    Entry { time: now(), sandbox: None, origin: None, what: What::Control(control) }
}

#[cfg(test)]
mod tests;
