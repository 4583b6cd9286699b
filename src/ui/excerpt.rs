//! One line of a source with marks under it, made visible and cut to a width around what is marked.

use std::borrow::Cow;
use std::ops::Range;

use super::text;
use crate::source::Source;

/// Columns of a tab.
const TAB: &str = "    ";
/// Most bytes that one column can take: a letter and the marks that may stand on it.
const BYTES_PER_COLUMN: usize = 16;

/// A line of a source, ready to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line as shown.
    pub line: String,
    /// One mark for each span, in the same order.
    pub marks: Vec<Mark>,
}

/// What is marked in [`Excerpt::line`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Byte range in the line.
    pub range: Range<usize>,
    /// Zero-based column where it begins.
    pub column: usize,
    /// Columns that it takes, at least one.
    pub width: usize,
    /// Whether the whole of it is shown, as far as it is on this line.
    pub is_whole: bool,
    /// Lines of the source that the span goes on for after this one.
    pub more_lines: usize,
}

/// Returns the line in which the first span begins, with at most `columns`; every span is marked as far as it is shown.
#[must_use]
pub fn excerpt(source: &Source, spans: &[Range<usize>], columns: usize) -> Excerpt {
    let first = spans.iter().map(|span| span.start).min().unwrap_or(0);
    let range = line_around(&source.text, first);
    let near = nearby(&source.text, &range, spans, columns);
    let cells = cells(&source.text[near.clone()], near.start);
    let shown = if near == range && total(&cells) <= columns { 0..cells.len() } else { window(&cells, spans, columns) };
    let mut line = String::new();
    let mut starts = Vec::new();
    if shown.start > 0 || near.start > range.start {
        line.push('…');
    }
    for cell in &cells[shown.clone()] {
        starts.push((cell.offset, line.len()));
        line.push_str(&cell.text);
    }
    let end = (cells.get(shown.end).map_or(near.end, |cell| cell.offset), line.len());
    if shown.end < cells.len() || near.end < range.end {
        line.push('…');
    }
    starts.push(end);
    let marks = spans.iter().map(|span| mark(source, span, &range, &starts, &line)).collect();
    Excerpt { line, marks }
}

struct Cell<'a> {
    offset: usize,
    text: Cow<'a, str>,
    width: usize,
}

/// Returns the byte range of the line around an offset, without its ending and without a byte order mark.
fn line_around(text: &str, offset: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let start = bytes[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
    let end = bytes[offset..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |position| offset + position);
    let start = if start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { start };
    let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
    start..end.max(start)
}

fn cells(line: &str, offset: usize) -> Vec<Cell<'_>> {
    text::pieces(line)
        .map(|(at, piece)| {
            let text = if piece == "\\t" { Cow::Borrowed(TAB) } else { piece };
            Cell { offset: offset + at, width: text::width(&text), text }
        })
        .collect()
}

/// Returns the part of the line that can be shown at all, so that a line of a megabyte costs no more than a short one.
fn nearby(text: &str, line: &Range<usize>, spans: &[Range<usize>], columns: usize) -> Range<usize> {
    let reach = columns.max(1) * BYTES_PER_COLUMN;
    let first = spans.iter().map(|span| span.start).min().unwrap_or(0).clamp(line.start, line.end);
    let last = spans.iter().map(|span| span.end).max().unwrap_or(0).clamp(first, line.end.min(first + reach));
    let mut start = first.saturating_sub(reach).max(line.start);
    let mut end = (last + reach).min(line.end);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    start..end.max(start)
}

fn total(cells: &[Cell<'_>]) -> usize {
    cells.iter().map(|cell| cell.width).sum()
}

/// Returns which cells are shown: those around the spans, with room for an ellipsis on both sides.
fn window(cells: &[Cell<'_>], spans: &[Range<usize>], columns: usize) -> Range<usize> {
    let room = columns.saturating_sub(2).max(1);
    let first = spans.iter().map(|span| span.start).min().unwrap_or(0);
    let last = spans.iter().map(|span| span.end).max().unwrap_or(0);
    let before = |offset: usize| cells.iter().filter(|cell| cell.offset < offset).map(|cell| cell.width).sum::<usize>();
    let from = if before(last) <= room { 0 } else { before(first).saturating_sub(room / 3) };
    let (mut start, mut end, mut column, mut used) = (cells.len(), cells.len(), 0, 0);
    for (index, cell) in cells.iter().enumerate() {
        if column >= from {
            start = start.min(index);
            used += cell.width;
            if used > room {
                end = index;
                break;
            }
        }
        column += cell.width;
    }
    start..end.max(start)
}

fn mark(
    source: &Source,
    span: &Range<usize>,
    line_range: &Range<usize>,
    starts: &[(usize, usize)],
    line: &str,
) -> Mark {
    let shown = |offset: usize| {
        let index = starts.partition_point(|(at, _)| *at < offset).min(starts.len() - 1);
        starts[index].1
    };
    let begin = shown(span.start.clamp(line_range.start, line_range.end));
    let end = shown(span.end.clamp(line_range.start, line_range.end)).max(begin);
    let rest = source.text.as_bytes().get(line_range.end..span.end).unwrap_or_default();
    let (first, last) = (starts.first().map_or(0, |(at, _)| *at), starts.last().map_or(0, |(at, _)| *at));
    Mark {
        is_whole: span.start >= first && span.end.min(line_range.end) <= last,
        range: begin..end,
        column: text::width(&line[..begin]),
        width: text::width(&line[begin..end]).max(1),
        more_lines: rest.iter().filter(|byte| **byte == b'\n').count(),
    }
}

#[cfg(test)]
mod tests;
