//! Whether a log is what was written, without the writer: it may write on meanwhile.

use std::path::{Path, PathBuf};

use super::check::{Checker, Wrong};
use super::folder::{self, FolderError, HeadFile};
use super::lines::{Lines, Next};

/// Most faults that are told one by one.
const FAULT_LIMIT: usize = 100;
/// How often it is begun again, when the writer removed a file before it was read.
const TRIES: usize = 5;

/// Something that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; `None` where it is about the whole file.
    pub line: Option<u64>,
    /// What.
    pub wrong: Wrong,
}

/// What a log is found to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Files that were read.
    pub files: usize,
    /// Number of the first entry that is kept, and of the last; `None` where there is no log.
    pub span: Option<(u64, u64)>,
    /// Bytes behind the last whole line: what its writer writes just now, or was killed over; it was never acknowledged.
    pub torn: usize,
    /// What is wrong, in the order of the log.
    pub faults: Vec<Fault>,
    /// Faults that are not among them.
    pub more: usize,
}

impl Verification {
    fn add(&mut self, path: &Path, line: Option<u64>, wrong: Wrong) {
        if self.faults.len() < FAULT_LIMIT {
            self.faults.push(Fault { path: path.into(), line, wrong });
        } else {
            self.more += 1;
        }
    }
}

/// Reads the whole log in a folder.
///
/// # Errors
/// The folder or a file cannot be read, or is not this user's alone.
pub fn verify(folder: &Path) -> Result<Verification, FolderError> {
    for _ in 1..TRIES {
        if let Some(verification) = attempt(folder, false)? {
            return Ok(verification);
        }
    }
    Ok(attempt(folder, true)?.unwrap_or_default())
}

/// Reads the whole log; `None` where a file went away meanwhile, unless it counts as missing.
fn attempt(folder: &Path, is_last: bool) -> Result<Option<Verification>, FolderError> {
    // First: the files only grow behind it.
    let head = folder::head(folder)?;
    let known = match &head {
        HeadFile::Whole(head) => Some((head.number, head.chain.clone())),
        HeadFile::Absent | HeadFile::Broken => None,
    };
    let files = folder::numbers(folder)?;
    let mut checker = Checker::new(known);
    let mut found = Verification { files: files.len(), ..Verification::default() };
    for file in &files {
        let Some(lines) = Lines::open(folder, *file)? else {
            if is_last {
                found.add(&folder::path(folder, *file), None, Wrong::NoFile);
                continue;
            }
            return Ok(None);
        };
        read(lines, *file, files.last() == Some(file), &mut checker, &mut found)?;
    }
    for file in checker.missing_files(&files) {
        found.add(&folder::path(folder, file), None, Wrong::NoFile);
    }
    if let Some(oldest) = files.first().filter(|_| !checker.is_beginning_known()) {
        found.add(&folder::path(folder, *oldest), Some(1), Wrong::NotRemoved);
    }
    if let Some(lost) = checker.cut_off() {
        found.add(&folder::path(folder, files.last().copied().unwrap_or(1)), None, Wrong::CutOff(lost));
    }
    let wrong = match head {
        HeadFile::Absent if !files.is_empty() => Some(Wrong::NoHead),
        HeadFile::Broken => Some(Wrong::HeadChanged),
        _ => checker.is_head_before().then_some(Wrong::HeadChanged),
    };
    wrong.into_iter().for_each(|wrong| found.add(&folder.join("head"), None, wrong));
    found.span = checker.span();
    Ok(Some(found))
}

fn read(
    mut lines: Lines,
    file: u64,
    is_newest: bool,
    checker: &mut Checker,
    found: &mut Verification,
) -> Result<(), FolderError> {
    loop {
        match lines.next()? {
            Next::Line => {
                let is_first = lines.count() == 1;
                let wrong = if is_first { checker.beginning(file, lines.line()) } else { checker.line(lines.line()) };
                wrong.into_iter().for_each(|wrong| found.add(lines.path(), Some(lines.count()), wrong));
            }
            Next::End(torn) => {
                if is_newest {
                    found.torn = torn;
                } else if torn > 0 || lines.count() == 0 {
                    found.add(lines.path(), Some(lines.count() + 1), Wrong::NoEntry);
                }
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
