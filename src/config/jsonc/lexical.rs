//! What must hold before the parser sees a text: its size, its nesting, and the characters between and inside its tokens.
//!
//! The parser recurses, takes every Unicode space for white space and lets strings run over lines; VS Code does not.

use super::message::Message;
use super::{DEPTH_LIMIT, SIZE_LIMIT};
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// Returns the first mistake of this kind, if there is one. `offset` is where `text` begins in the source.
pub(super) fn check(text: &str, offset: usize, source: &Source) -> Option<Diagnostic> {
    if source.text.len() > SIZE_LIMIT {
        return Some(Message::too_large().at(source, offset..offset));
    }
    let mut scan = Scan { bytes: text.as_bytes(), position: 0, depth: 0 };
    scan.run().err().map(|(message, start)| {
        let width = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        message.at(source, start + offset..start + offset + width)
    })
}

type Step = Result<(), (Message, usize)>;

struct Scan<'a> {
    bytes: &'a [u8],
    position: usize,
    depth: usize,
}

impl Scan<'_> {
    fn run(&mut self) -> Step {
        while let Some(&byte) = self.bytes.get(self.position) {
            let start = self.position;
            self.position += 1;
            match byte {
                b'"' => self.string(start)?,
                b'/' => self.comment(),
                b'{' | b'[' => self.open(start)?,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if byte.is_ascii_graphic() => {}
                _ => return Err((Message::stray_character(), start)),
            }
        }
        Ok(())
    }

    fn open(&mut self, start: usize) -> Step {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT { Err((Message::too_deep(), start)) } else { Ok(()) }
    }

    fn string(&mut self, start: usize) -> Step {
        while let Some(&byte) = self.bytes.get(self.position) {
            match byte {
                b'"' => {
                    self.position += 1;
                    return Ok(());
                }
                b'\n' | b'\r' => break,
                b'\\' => self.position += 2,
                0..=0x1f => return Err((Message::control_character(), self.position)),
                _ => self.position += 1,
            }
        }
        Err((Message::unclosed_string(), start))
    }

    /// Skips a comment; whether it is closed is for the parser to say.
    fn comment(&mut self) {
        match self.bytes.get(self.position) {
            Some(b'/') => self.skip_until(b"\n", b"\r"),
            Some(b'*') => {
                self.position += 1;
                self.skip_until(b"*/", b"*/");
            }
            _ => {}
        }
    }

    fn skip_until(&mut self, one: &[u8], other: &[u8]) {
        while self.position < self.bytes.len() {
            let rest = &self.bytes[self.position..];
            if rest.starts_with(one) || rest.starts_with(other) {
                self.position += one.len();
                return;
            }
            self.position += 1;
        }
    }
}
