#![expect(clippy::disallowed_methods, reason = "adapter: files that are removed")]
//! Where an earlier writer left off: what it was killed over is cut off, and what is not there any more is said.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::guardians::Guardians;
use super::{Begun, Current, Position, Writer, control, folder};
use crate::control::audit::event::{Chain, Control, Lost, Origin, What};
use crate::control::audit::folder::{FolderError, HeadFile};
use crate::control::audit::line::{self, LINE_LIMIT, Line};
use crate::control::audit::log::{LogError, Sizes};

/// A file as it was left.
struct Left {
    file: File,
    /// Bytes of whole lines.
    whole: u64,
    /// Bytes behind them.
    torn: u64,
    /// Whether its last whole line is one of a log.
    is_sound: bool,
    /// Where its last line that is one stands.
    end: Option<Position>,
    /// The first file that it says is kept.
    kept: u64,
    guardians: Guardians,
}

/// As much of an entry as matters here.
#[derive(Deserialize)]
struct Glance {
    number: u64,
    #[serde(default)]
    origin: Option<Origin>,
}

impl Writer {
    /// Goes on where the folder's files end; begins the first file where there is none.
    pub(in crate::control::audit) fn open(path: &Path, sizes: Sizes) -> Result<Self, LogError> {
        let head = folder::head(path)?;
        let mut numbers = folder::numbers(path)?;
        let mut torn = 0;
        let mut left = None;
        while let Some(number) = numbers.last() {
            let found = read(path, *number)?;
            torn += found.torn;
            if found.whole > 0 {
                left = Some(found);
                break;
            }
            // Its writer was killed before the first line was whole.
            let file = folder::path(path, *number);
            std::fs::remove_file(&file).map_err(|source| FolderError::Use { path: file, source })?;
            numbers.pop();
        }
        let files = numbers.iter().map(|number| begun(path, *number)).collect::<Result<VecDeque<_>, _>>()?;
        let was_begun = !files.is_empty();
        let (last, lost) = position(left.as_ref(), &head, files.back().map_or(1, |begun| begun.first));
        let is_whole = left.as_ref().is_none_or(|left| left.is_sound) && lost.is_none();
        let mut writer = Self { folder: path.into(), sizes, files, last, ..Self::default() };
        if let Some(left) = left {
            writer.take_over(left, is_whole)?;
        }
        let notes = [
            (torn > 0).then_some(Control::Repaired { bytes: torn }),
            lost.map(Control::Missing),
            (was_begun && !matches!(head, HeadFile::Whole(_))).then_some(Control::EndUnknown),
        ];
        let closed = |source| LogError::Closed { path: path.into(), source };
        writer.make_room().map_err(|error| closed(Arc::new(error)))?;
        writer.append(notes.into_iter().flatten().map(control).collect()).map_err(closed)?;
        Ok(writer)
    }

    fn take_over(&mut self, left: Left, is_whole: bool) -> Result<(), FolderError> {
        // Files that were to be removed when their writer was killed go now.
        while let Some(old) = self.files.pop_front_if(|begun| begun.file < left.kept) {
            self.obsolete.push(folder::path(&self.folder, old.file));
        }
        self.guardians = left.guardians;
        left.file.set_len(left.whole).map_err(|source| FolderError::Use { path: self.folder.clone(), source })?;
        // What is broken stays as it is, for whoever looks into it: what follows goes into a new file.
        self.current = is_whole.then(|| Current { file: Arc::new(left.file), length: left.whole });
        Ok(())
    }
}

/// Returns where the log ends, and which entries are not there although they were on disk.
fn position(left: Option<&Left>, head: &HeadFile, first: u64) -> (Position, Option<Lost>) {
    let end = left.and_then(|left| left.end.clone());
    let HeadFile::Whole(head) = head else {
        return (end.unwrap_or_default(), None);
    };
    let head = Position { number: head.number, chain: head.chain.clone() };
    match end {
        Some(end) if end.number > head.number || end == head => (end, None),
        Some(end) => {
            let lost = Lost { first: (end.number + 1).min(head.number), last: head.number };
            (head, Some(lost))
        }
        None => {
            let lost = Lost { first: first.min(head.number), last: head.number };
            (head, Some(lost))
        }
    }
}

fn read(folder: &Path, number: u64) -> Result<Left, FolderError> {
    let path = folder::path(folder, number);
    let file = folder::open_to_write(&path)?;
    let mut left = Left {
        whole: 0,
        torn: 0,
        is_sound: true,
        end: None,
        kept: 0,
        guardians: Guardians::default(),
        file: file.try_clone().map_err(|source| FolderError::Use { path: path.clone(), source })?,
    };
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read =
            lines.read_until(b'\n', &mut line).map_err(|source| FolderError::Use { path: path.clone(), source })?;
        match line.strip_suffix(b"\n") {
            Some(whole) => left.take(whole),
            None => {
                left.torn = read as u64;
                return Ok(left);
            }
        }
        left.whole += read as u64;
    }
}

impl Left {
    fn take(&mut self, line: &[u8]) {
        if self.whole == 0
            && let Some(What::Log(beginning)) = Line::parse(line).map(|line| line.record.what)
        {
            self.kept = beginning.kept;
            beginning.guardians.into_iter().for_each(|(epoch, event)| self.guardians.set(epoch, event));
        }
        let glance = line::split(line).and_then(|(body, chain)| Some((serde_json::from_slice(&body).ok()?, chain)));
        self.is_sound = glance.is_some();
        if let Some((Glance { number, origin }, chain)) = glance {
            self.end = Some(Position { number, chain });
            origin.into_iter().for_each(|origin| self.guardians.set(origin.epoch, origin.event));
        }
    }
}

/// Reads how a file begins; one whose first line is broken begins nowhere.
fn begun(folder: &Path, file: u64) -> Result<Begun, FolderError> {
    let path = folder::path(folder, file);
    let mut line = Vec::new();
    let first = BufReader::new(folder::open(&path)?).take(LINE_LIMIT as u64).read_until(b'\n', &mut line);
    first.map_err(|source| FolderError::Use { path, source })?;
    let found = line.strip_suffix(b"\n").and_then(Line::parse).and_then(|line| match line.record.what {
        What::Log(beginning) => Some(Begun { file, first: line.record.number, previous: beginning.previous }),
        _ => None,
    });
    Ok(found.unwrap_or_else(|| Begun { file, first: 0, previous: Chain::start() }))
}
