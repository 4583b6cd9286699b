//! Logical lines: physical ones joined at the escape character, without comments, heredocs taken out.

use std::ops::Range;

use super::heredoc::{self, Heredoc};

/// One instruction's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The text with its continuations joined.
    pub(super) text: String,
    /// Byte range from its first to its last physical line.
    pub(super) span: Range<usize>,
    /// Whether a here-document follows.
    pub(super) heredoc: bool,
}

/// A file in logical lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
    pub(super) mistakes: Vec<(Range<usize>, String)>,
}

/// Splits a text.
pub(super) fn read(text: &str, escape: char) -> Lines {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, position: start, escape };
    let mut lines = Lines::default();
    while let Some(mut line) = reader.logical() {
        for heredoc in heredoc::of(&line.text) {
            line.heredoc = true;
            if !reader.skip_heredoc(&heredoc) {
                lines.mistakes.push((line.span.clone(), format!("the heredoc `{}` is not closed", heredoc.name)));
            }
        }
        lines.lines.push(line);
    }
    lines
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
    escape: char,
}

impl<'a> Reader<'a> {
    fn physical(&mut self) -> Option<(usize, &'a str)> {
        let rest = &self.text[self.position..];
        let line = rest.split_inclusive('\n').next()?;
        let start = self.position;
        self.position += line.len();
        Some((start, line.trim_end_matches(['\r', '\n'])))
    }

    /// Returns the next logical line that is neither empty nor a comment.
    fn logical(&mut self) -> Option<Line> {
        let (mut joined, mut span, mut open) = (String::new(), None::<Range<usize>>, false);
        while let Some((start, line)) = self.physical() {
            let trimmed = line.trim_start();
            let blank = trimmed.is_empty() || trimmed.starts_with('#');
            if blank {
                // Comments and empty lines do not end a continuation.
                continue;
            }
            let end = start + line.len();
            let begin = span.map_or(end - trimmed.len(), |span| span.start);
            span = Some(begin..end);
            let part = if open { line } else { trimmed };
            match self.continued(part) {
                Some(part) => {
                    joined.push_str(part);
                    open = true;
                }
                None => {
                    joined.push_str(part);
                    return Some(Line { text: joined, span: begin..end, heredoc: false });
                }
            }
        }
        span.map(|span| Line { text: joined, span, heredoc: false })
    }

    /// Returns a line without the escape character that continues it; two of them are one character and continue nothing.
    fn continued(&self, line: &'a str) -> Option<&'a str> {
        let before = line.trim_end_matches([' ', '\t']).strip_suffix(self.escape)?;
        (!before.ends_with(self.escape)).then_some(before)
    }

    fn skip_heredoc(&mut self, heredoc: &Heredoc) -> bool {
        while let Some((_, line)) = self.physical() {
            let line = if heredoc.strips_tabs { line.trim_start_matches('\t') } else { line };
            if line == heredoc.name {
                return true;
            }
        }
        false
    }
}
