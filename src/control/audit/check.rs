//! Whether lines are the log that was written: line after line, file after file.
//!
//! Invariant: pure, and whatever it finds it goes on behind, so that one fault is told once.

use std::collections::BTreeMap;
use std::fmt;

use super::event::{Beginning, Chain, Lost, Removed, What};
use super::line::Line;

/// What is wrong with a line, or with what should stand before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is not a line of a log at all.
    NoEntry,
    /// It is not what was written after the line before it, or the line before it is not.
    Changed {
        /// Number that it has.
        number: u64,
    },
    /// Entries are missing before it.
    Missing(Lost),
    /// It stands where another one should.
    Misplaced {
        /// Number that it has.
        number: u64,
        /// Number that belongs here.
        expected: u64,
    },
    /// The first line of the file does not say that this file begins.
    NoBeginning,
    /// The file is not there.
    NoFile,
    /// Nothing says that what stood before this file was removed, or something else was.
    NotRemoved,
    /// The last entries are missing: they were on disk once.
    CutOff(Lost),
    /// It is not the entry that was on disk.
    NotHead {
        /// Number that it has.
        number: u64,
    },
    /// There is no `head`, so that nobody can tell whether the end is missing.
    NoHead,
    /// `head` is not what was written.
    HeadChanged,
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEntry => write!(out, "it is no entry of the log"),
            Self::Changed { number } => write!(out, "entry {number}, or what stands before it, was changed"),
            Self::Missing(lost) => write!(out, "{} before it", missing(lost)),
            Self::Misplaced { number, expected } => {
                write!(out, "entry {number} stands where entry {expected} should")
            }
            Self::NoBeginning => write!(out, "it does not say that this file begins"),
            Self::NoFile => write!(out, "the file is missing"),
            Self::NotRemoved => write!(out, "what stood before this file is missing, and was not removed by the log"),
            Self::CutOff(lost) => write!(out, "{} at the end", missing(lost)),
            Self::NotHead { number } => write!(out, "entry {number} is not the one that was on disk"),
            Self::NoHead => write!(out, "it is missing: nobody can tell whether the end of the log is"),
            Self::HeadChanged => write!(out, "it was changed"),
        }
    }
}

fn missing(Lost { first, last }: &Lost) -> String {
    if first == last { format!("entry {first} is missing") } else { format!("entries {first} to {last} are missing") }
}

/// Where the reader of lines is.
#[derive(Debug, Default)]
pub(super) struct Checker {
    first: Option<u64>,
    last: Option<(u64, Chain)>,
    head: Option<(u64, Chain)>,
    kept: u64,
    removed: BTreeMap<u64, Removed>,
    /// How the oldest file begins.
    oldest: Option<(u64, Beginning)>,
}

impl Checker {
    /// Begins; `head` is what was on disk for certain before any file is looked at.
    pub(super) fn new(head: Option<(u64, Chain)>) -> Self {
        Self { head, ..Self::default() }
    }

    /// Looks at the first line of a file.
    pub(super) fn beginning(&mut self, file: u64, line: &[u8]) -> Option<Wrong> {
        let Some(line) = Line::parse(line) else {
            return Some(Wrong::NoEntry);
        };
        let What::Log(beginning) = &line.record.what else {
            return self.line_of(line).or(Some(Wrong::NoBeginning));
        };
        let beginning = beginning.clone();
        if self.last.is_none() {
            self.oldest = Some((line.record.number, beginning.clone()));
            self.last = Some((line.record.number.saturating_sub(1), beginning.previous.clone()));
        }
        self.kept = beginning.kept;
        self.removed.extend(beginning.removed.iter().map(|removed| (removed.file, removed.clone())));
        let is_lying =
            beginning.file != file || self.last.as_ref().is_some_and(|(_, chain)| *chain != beginning.previous);
        let number = line.record.number;
        self.line_of(line).or_else(|| is_lying.then_some(Wrong::Changed { number }))
    }

    /// Looks at another line.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<Wrong> {
        match Line::parse(line) {
            Some(line) if matches!(line.record.what, What::Log(_)) => {
                let number = line.record.number;
                self.line_of(line).or(Some(Wrong::Changed { number }))
            }
            Some(line) => self.line_of(line),
            None => Some(Wrong::NoEntry),
        }
    }

    fn line_of(&mut self, line: Line) -> Option<Wrong> {
        let number = line.record.number;
        let wrong = match &self.last {
            // The first line of all was broken.
            None => None,
            Some((last, _)) if number <= *last => return Some(Wrong::Misplaced { number, expected: last + 1 }),
            Some((last, _)) if number > last + 1 => Some(Wrong::Missing(Lost { first: last + 1, last: number - 1 })),
            Some((_, previous)) => (!line.follows(previous)).then_some(Wrong::Changed { number }),
        };
        self.first.get_or_insert(number);
        let is_head = self.head.as_ref().is_some_and(|(head, _)| *head == number);
        let is_right = self.head.as_ref().is_some_and(|(_, chain)| *chain == line.chain);
        self.last = Some((number, line.chain));
        wrong.or_else(|| (is_head && !is_right).then_some(Wrong::NotHead { number }))
    }

    /// Returns the files that should be there and are not, of those up to the newest one.
    pub(super) fn missing_files(&self, files: &[u64]) -> Vec<u64> {
        let Some(newest) = files.last() else { return Vec::new() };
        let oldest = files.first().map_or(self.kept, |first| self.kept.min(*first)).max(1);
        (oldest..*newest).filter(|file| files.binary_search(file).is_err()).collect()
    }

    /// Tells whether the oldest file follows what was removed, or is the first of all.
    pub(super) fn is_beginning_known(&self) -> bool {
        let Some((number, beginning)) = &self.oldest else { return true };
        match self.removed.get(&(beginning.file.saturating_sub(1))) {
            Some(removed) => removed.last + 1 == *number && removed.chain == beginning.previous,
            None => *number == 1 && beginning.previous == Chain::start(),
        }
    }

    /// Returns the entries that were on disk and are not at the end any more.
    pub(super) fn cut_off(&self) -> Option<Lost> {
        let (head, _) = self.head.as_ref()?;
        let last = self.last.as_ref().map_or(0, |(number, _)| *number);
        (*head > last).then_some(Lost { first: last + 1, last: *head })
    }

    /// Tells whether `head` names an entry that no log has before its first one that is kept.
    pub(super) fn is_head_before(&self) -> bool {
        let head = self.head.as_ref().map(|(number, _)| *number);
        head.zip(self.first).is_some_and(|(head, first)| head < first)
    }

    /// Returns the numbers of the first and the last entry.
    pub(super) fn span(&self) -> Option<(u64, u64)> {
        self.first.zip(self.last.as_ref().map(|(number, _)| *number))
    }
}

#[cfg(test)]
mod tests;
