//! Lines and columns of many places in one text, in time that does not grow with the text.
//!
//! [`Source::locate`] counts from the beginning, which a hostile file with a hundred thousand values would turn into minutes.

use std::ops::Range;
use std::sync::Arc;

use crate::source::{Location, Source};

/// Bytes between two known character counts.
const STRIDE: usize = 1024;

/// An index of a text; it gives the same answers as [`Source::locate`].
#[derive(Debug)]
pub struct Locator<'a> {
    source: &'a Source,
    line_starts: Vec<usize>,
    characters: Vec<usize>,
}

impl<'a> Locator<'a> {
    /// Reads the text once.
    pub fn new(source: &'a Source) -> Self {
        let (mut line_starts, mut characters, mut count) = (vec![0], Vec::new(), 0);
        for (index, byte) in source.text.bytes().enumerate() {
            if index % STRIDE == 0 {
                characters.push(count);
            }
            count += usize::from(!is_continuation(byte));
            if byte == b'\n' {
                line_starts.push(index + 1);
            }
        }
        Self { source, line_starts, characters }
    }

    /// Returns the text that is indexed.
    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// Returns the place of a byte range.
    pub fn locate(&self, span: Range<usize>) -> Location {
        let line = self.line_starts.partition_point(|&start| start <= span.start).max(1);
        let line_start = self.line_starts[line - 1];
        let mark = usize::from(self.source.text[line_start..].starts_with('\u{feff}') && span.start > line_start);
        let column = self.characters(line_start..span.start) - mark + 1;
        Location { file: Arc::clone(&self.source.name), line, column, span }
    }

    fn characters(&self, range: Range<usize>) -> usize {
        let range = range.start..range.end.min(self.source.text.len());
        if range.len() <= STRIDE { self.counted(range) } else { self.before(range.end) - self.before(range.start) }
    }

    fn before(&self, index: usize) -> usize {
        let block = (index / STRIDE).min(self.characters.len().saturating_sub(1));
        let known = self.characters.get(block).copied().unwrap_or(0);
        known + self.counted(block * STRIDE..index)
    }

    fn counted(&self, range: Range<usize>) -> usize {
        self.source.text.as_bytes()[range].iter().filter(|byte| !is_continuation(**byte)).count()
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests;
