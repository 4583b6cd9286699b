//! Untrusted strings made safe to look at, and laid out in columns of a terminal.
//!
//! Invariant: what [`visible`] returns has no character that moves the cursor, changes the direction of the text or
//! cannot be seen (Trojan Source, CVE-2021-42574). It is idempotent: text that was made visible before stays as it is.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks that may stand on one letter before they are shown by number; more would paint over other lines.
const MARK_LIMIT: usize = 3;

/// Characters that are printed by number: invisible, of no width, or in charge of the direction of the text.
/// `Default_Ignorable_Code_Point` and the separators of Unicode 16, private use, and letters that look like nothing.
const INVISIBLE: &[RangeInclusive<char>] = &[
    '\u{a0}'..='\u{a0}',
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{1680}'..='\u{1680}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{2000}'..='\u{200f}',
    '\u{2028}'..='\u{202f}',
    '\u{205f}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3000}'..='\u{3000}',
    '\u{3164}'..='\u{3164}',
    '\u{e000}'..='\u{f8ff}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
    '\u{f0000}'..='\u{10ffff}',
];

/// Returns the text with everything that would not be seen written as `\n`, `\t` or `\u{202e}`.
#[must_use]
pub fn visible(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { pieces(text).map(|(_, piece)| piece).collect() }
}

/// Tells whether the text is printable ASCII, where every byte is a character of one column. Most text is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Returns each character's byte offset and how it is shown.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>)> {
    let mut marks = MARK_LIMIT;
    text.char_indices().map(move |(offset, character)| {
        let is_mark = character.width() == Some(0);
        marks = if is_mark { marks + 1 } else { 0 };
        let is_shown = !hidden(character) && marks <= MARK_LIMIT;
        let end = offset + character.len_utf8();
        (offset, if is_shown { Cow::Borrowed(&text[offset..end]) } else { Cow::Owned(numbered(character)) })
    })
}

fn hidden(character: char) -> bool {
    character.is_control() || INVISIBLE.iter().any(|range| range.contains(&character))
}

fn numbered(character: char) -> String {
    match character {
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        other => other.escape_unicode().to_string(),
    }
}

/// Returns a word as a shell reads it back: in quotes, unless it needs none.
#[must_use]
pub fn quoted(word: &str) -> String {
    let bare = |character: char| character.is_alphanumeric() || "-_./:=@,+%".contains(character);
    if !word.is_empty() && word.chars().all(bare) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Returns how many columns of a terminal the text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

/// Returns the text with spaces up to `columns`; longer text stays as it is.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Returns the text in at most `columns`, its middle replaced by how many characters are not shown: `abc…(+12)…xyz`.
///
/// The end stays, because what matters is often hidden there.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let total = text.chars().count();
    let mark_width = 5 + total.to_string().len();
    let room = columns.saturating_sub(mark_width);
    let head = fitting(text.chars(), room - room / 3);
    let tail = fitting(text.chars().rev(), room / 3);
    let hidden = total - head - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(total - tail).collect();
    format!("{start}…(+{hidden})…{end}")
}

/// Returns how many of the characters fit.
fn fitting(characters: impl Iterator<Item = char>, columns: usize) -> usize {
    let mut used = 0;
    characters
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= columns
        })
        .count()
}

/// Returns the text as lines of at most `columns`, broken at spaces, and within a word only where it is longer than a line.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word;
        if !line.is_empty() && used + 1 + width(word) <= columns {
            line.push(' ');
            used += 1;
        } else if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while width(word) > columns {
            let end = word.char_indices().nth(fitting(word.chars(), columns).max(1)).map_or(word.len(), |(end, _)| end);
            lines.push(word[..end].to_owned());
            word = &word[end..];
        }
        line.push_str(word);
        used += width(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Returns a number with its noun: `1 rule`, `3 rules`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests;
