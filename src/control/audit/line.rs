//! A line of the log: an entry as JSON, whose last member is the chain value.
//!
//! The chain value of a line is the SHA-256 of the chain value before it (64 hexadecimal digits) followed by the line's JSON
//! without that member, without a newline. JSON is compact and pure ASCII, so that no tool that shows the file can be
//! led astray by what is in it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::event::{Chain, Record};

/// Longest line in bytes that is read; what [`super::bounds`] lets through is shorter, however it is escaped.
pub(super) const LINE_LIMIT: usize = 2 << 20;
const MEMBER: &[u8] = b",\"chain\":\"";
const END: &[u8] = b"\"}";

/// A line taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The entry.
    pub(super) record: Record,
    /// The chain value that it has.
    pub(super) chain: Chain,
    /// The chain value that it would have after another one.
    body: Vec<u8>,
}

impl Line {
    /// Takes a line apart, without its newline; `None` where it is none.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let (body, chain) = split(line)?;
        let record = serde_json::from_slice(&body).ok()?;
        Some(Self { record, chain, body })
    }

    /// Tells whether the line is what was written after a line with that chain value.
    pub(super) fn follows(&self, previous: &Chain) -> bool {
        previous.next(&self.body) == self.chain
    }
}

/// Takes the chain value off a line; returns the JSON that it is made of, and the value.
pub(super) fn split(line: &[u8]) -> Option<(Vec<u8>, Chain)> {
    let line = line.strip_suffix(END)?;
    let (line, digits) = line.split_at_checked(line.len().checked_sub(Chain::DIGITS)?)?;
    let mut body = line.strip_suffix(MEMBER)?.to_vec();
    body.push(b'}');
    Some((body, Chain::try_from(std::str::from_utf8(digits).ok()?.to_owned()).ok()?))
}

/// Appends an entry as a line to `lines`; returns its chain value.
pub(super) fn write(record: &Record, previous: &Chain, lines: &mut Vec<u8>) -> Chain {
    let start = lines.len();
    record.serialize(&mut Serializer::with_formatter(&mut *lines, Ascii)).expect("an entry has text keys only");
    let chain = previous.next(&lines[start..]);
    lines.pop();
    for part in [MEMBER, chain.as_str().as_bytes(), END, b"\n"] {
        lines.extend_from_slice(part);
    }
    chain
}

/// Compact JSON in which every character beyond ASCII, and DEL, is escaped.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
        if fragment.bytes().all(is_plain) {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            match u8::try_from(character) {
                Ok(byte) if is_plain(byte) => writer.write_all(&[byte])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
