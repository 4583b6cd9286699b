//! JSON5 with places. The crate `json5` decides what is JSON5 and what each value is; the walk here only finds where they stand.

use std::collections::BTreeSet;
use std::ops::Range;

use json5::ErrorCode;
use serde_json::Value;

use crate::config::jsonc::{DEPTH_LIMIT, Data, Member, Node, SIZE_LIMIT, pointer};
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::source::Source;

/// Parses a file whose top level is an object.
pub(super) fn parse(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    let whole = 0..source.text.len();
    if source.text.len() > SIZE_LIMIT {
        return Err(mistake(source, 0..0, "the file is larger than 1024 KiB"));
    }
    let mut walk = Walk { source, position: 0, depth: 0, duplicates: Vec::new() };
    walk.skip();
    let node = walk.value("");
    if walk.depth > DEPTH_LIMIT {
        return Err(mistake(source, walk.position..walk.position, "values are nested too deep"));
    }
    json5::from_str::<serde::de::IgnoredAny>(&source.text).map_err(|error| syntax(source, &error))?;
    let node = node.ok_or_else(|| mistake(source, whole, "the file cannot be read as JSON5"))?;
    if !walk.duplicates.is_empty() {
        return Err(walk.duplicates);
    }
    match node.data {
        Data::Object(_) => Ok(node),
        _ => Err(mistake(source, node.span, "the file does not hold an object")),
    }
}

fn mistake(source: &Source, span: Range<usize>, message: &str) -> Vec<Diagnostic> {
    vec![Diagnostic {
        level: Level::Error,
        kind: Kind::ParseError,
        pointer: String::new(),
        message: message.to_owned(),
        label: "here".to_owned(),
        location: source.locate(span),
        help: Some("the file is one object, for example `{ allow: [\"example.com\"] }`".to_owned()),
    }]
}

fn syntax(source: &Source, error: &json5::Error) -> Vec<Diagnostic> {
    let start = error.position().map_or(0, |position| offset(&source.text, position));
    let width = source.text[start..].chars().next().map_or(0, char::len_utf8);
    let reason = error.code().map_or_else(|| error.to_string(), words);
    mistake(source, start..start + width, &format!("the file is not JSON5: {reason}"))
}

fn words(code: ErrorCode) -> String {
    let words = match code {
        ErrorCode::EofParsingArray | ErrorCode::EofParsingObject | ErrorCode::EofParsingValue => {
            "it ends in the middle of a value"
        }
        ErrorCode::EofParsingString | ErrorCode::LineTerminatorInString => "a string is not closed",
        ErrorCode::EofParsingComment => "a comment is not closed",
        ErrorCode::ExpectedComma => "a comma is missing",
        ErrorCode::ExpectedColon => "a colon is missing",
        ErrorCode::TrailingCharacters => "something follows the end of the object",
        other => return other.to_string().to_lowercase(),
    };
    words.to_owned()
}

/// Returns the byte of a position; the crate counts lines and characters from zero.
fn offset(text: &str, position: json5::Position) -> usize {
    let (mut line, mut column) = (0, 0);
    let mut previous = ' ';
    for (index, character) in text.char_indices() {
        if (line, column) == (position.line, position.column) {
            return index;
        }
        let ends_line = matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}');
        if ends_line && !(previous == '\r' && character == '\n') {
            (line, column) = (line + 1, 0);
        } else if !ends_line {
            column += 1;
        }
        previous = character;
    }
    text.len()
}

/// The walk over a text. What it gives for a text that is not JSON5 is never used.
struct Walk<'a> {
    source: &'a Source,
    position: usize,
    depth: usize,
    duplicates: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn value(&mut self, path: &str) -> Option<Node> {
        let start = self.position;
        let data = match self.peek()? {
            '{' => self.within(|walk| walk.object(path))?,
            '[' => self.within(|walk| walk.array(path))?,
            _ => {
                let text = self.token()?;
                leaf(json5::from_str::<Value>(text).ok()?)?
            }
        };
        Some(Node { span: start..self.position, data })
    }

    /// Goes one level down; a depth above the limit is kept, so that the caller sees it.
    fn within(&mut self, walk: impl FnOnce(&mut Self) -> Option<Data>) -> Option<Data> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return None;
        }
        self.position += 1;
        let data = walk(self)?;
        self.depth -= 1;
        Some(data)
    }

    fn object(&mut self, path: &str) -> Option<Data> {
        let (mut members, mut seen) = (Vec::new(), BTreeSet::new());
        loop {
            self.skip();
            if self.eat('}') {
                return Some(Data::Object(members));
            }
            let start = self.position;
            let key = self.key()?;
            let key_span = start..self.position;
            let here = pointer(path, &key);
            if !seen.insert(key.clone()) {
                self.duplicates.push(duplicate(self.source, &key, &here, key_span.clone()));
            }
            self.skip();
            self.eat(':').then_some(())?;
            self.skip();
            let node = self.value(&here)?;
            members.push(Member { key, key_span, node });
            self.skip();
            self.eat(',');
        }
    }

    fn array(&mut self, path: &str) -> Option<Data> {
        let mut items = Vec::new();
        loop {
            self.skip();
            if self.eat(']') {
                return Some(Data::Array(items));
            }
            items.push(self.value(&pointer(path, &items.len().to_string()))?);
            self.skip();
            self.eat(',');
        }
    }

    fn key(&mut self) -> Option<String> {
        let token = self.token()?;
        let object = json5::from_str::<serde_json::Map<String, Value>>(&format!("{{{token}:0}}")).ok()?;
        object.into_iter().next().map(|(key, _)| key)
    }

    /// Takes a string, a number or a word.
    fn token(&mut self) -> Option<&str> {
        let text = &self.source.text;
        let start = self.position;
        let quote = self.peek().filter(|character| matches!(character, '"' | '\''));
        let mut escaped = false;
        for (index, character) in text[start..].char_indices() {
            let inside = index > 0 && quote.is_some();
            if inside && !escaped && Some(character) == quote {
                self.position = start + index + 1;
                return Some(&text[start..self.position]);
            }
            if quote.is_none() && (is_space(character) || "{}[]:,/\"'".contains(character)) {
                break;
            }
            escaped = inside && !escaped && character == '\\';
            self.position = start + index + character.len_utf8();
        }
        (quote.is_none() && self.position > start).then(|| &text[start..self.position])
    }

    fn skip(&mut self) {
        let text = &self.source.text;
        loop {
            let rest = &text[self.position..];
            let trimmed = rest.trim_start_matches(is_space);
            let comment = if trimmed.starts_with("//") {
                trimmed.find(['\n', '\r', '\u{2028}', '\u{2029}'])
            } else if let Some(inner) = trimmed.strip_prefix("/*") {
                inner.find("*/").map(|end| end + 4)
            } else {
                Some(0)
            };
            let comment = comment.unwrap_or(trimmed.len());
            self.position += rest.len() - trimmed.len() + comment;
            if comment == 0 {
                return;
            }
        }
    }

    fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.position += if found { expected.len_utf8() } else { 0 };
        found
    }

    fn peek(&self) -> Option<char> {
        self.source.text[self.position..].chars().next()
    }
}

fn is_space(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

fn leaf(value: Value) -> Option<Data> {
    match value {
        Value::Null => Some(Data::Null),
        Value::Bool(flag) => Some(Data::Bool(flag)),
        Value::Number(number) => Some(Data::Number(number)),
        Value::String(text) => Some(Data::Text(text)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn duplicate(source: &Source, key: &str, path: &str, span: Range<usize>) -> Diagnostic {
    Diagnostic {
        level: Level::Error,
        kind: Kind::DuplicateKey,
        pointer: path.to_owned(),
        message: format!("`{}` is set twice in the same object", key.escape_debug()),
        label: "again here".to_owned(),
        location: source.locate(span),
        help: Some("keep one of them".to_owned()),
    }
}
