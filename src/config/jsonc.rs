//! JSON with comments as VS Code reads it: a text becomes a tree in which every value knows its byte range.
//!
//! Accepted beyond RFC 8259: `//` and `/* */` comments, trailing commas, a byte order mark. Nothing else, so that no other
//! tool can read the same file differently: no missing commas, no single quotes, no duplicate keys.
//!
//! Invariant: a text gives either a whole tree or an error, never a partial one, and no text makes it panic.

mod lexical;
mod message;

use std::collections::BTreeMap;
use std::ops::Range;

use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, ast, parse_to_ast};
use serde_json::{Map, Number, Value};

use super::DIAGNOSTIC_LIMIT;
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::source::Source;

/// Bytes that a document may have.
pub const SIZE_LIMIT: usize = 1 << 20;
/// Levels of nesting that a document may have.
pub const DEPTH_LIMIT: usize = 64;

/// Bytes that a key may have; it is part of the pointer of everything below it.
pub const KEY_LIMIT: usize = 1024;
/// Bytes after which a pointer names the value that holds the rest.
const POINTER_LIMIT: usize = 2048;

/// Byte order mark, which editors on Windows put in front.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A value with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Byte range in the text, quotes and brackets included.
    pub span: Range<usize>,
    /// The value.
    pub data: Data,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, unescaped.
    Text(String),
    /// An array.
    Array(Vec<Node>),
    /// An object, in the order of the text.
    Object(Vec<Member>),
}

/// One key of an object with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// Byte range of the key, quotes included.
    pub key_span: Range<usize>,
    /// The value.
    pub node: Node,
}

impl Node {
    /// Returns the value without its places.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(value) => Value::Number(value.clone()),
            Data::Text(value) => Value::String(value.clone()),
            Data::Array(items) => items.iter().map(Self::to_value).collect(),
            Data::Object(members) => {
                let pairs = members.iter().map(|member| (member.key.clone(), member.node.to_value()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }

    /// Returns a tree of a value that stands in no text; every range is empty.
    pub fn unplaced(value: &Value) -> Self {
        let data = match value {
            Value::Null => Data::Null,
            Value::Bool(value) => Data::Bool(*value),
            Value::Number(value) => Data::Number(value.clone()),
            Value::String(value) => Data::Text(value.clone()),
            Value::Array(items) => Data::Array(items.iter().map(Self::unplaced).collect()),
            Value::Object(map) => {
                let member = |(key, value): (&String, &Value)| Member {
                    key: key.clone(),
                    key_span: 0..0,
                    node: Self::unplaced(value),
                };
                Data::Object(map.iter().map(member).collect())
            }
        };
        Self { span: 0..0, data }
    }

    /// Returns the member with this key; `None` for anything that is not an object.
    pub fn member(&self, key: &str) -> Option<&Member> {
        match &self.data {
            Data::Object(members) => members.iter().find(|member| member.key == key),
            _ => None,
        }
    }

    /// Returns the value at a JSON pointer (RFC 6901).
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        let mut node = self;
        for segment in pointer.split('/').skip(1) {
            let key = segment.replace("~1", "/").replace("~0", "~");
            node = match &node.data {
                Data::Array(items) => items.get(key.parse::<usize>().ok()?)?,
                _ => &node.member(&key)?.node,
            };
        }
        Some(node)
    }
}

/// Returns a JSON pointer with one more segment. A very long one does not grow: many long pointers are how a small file
/// fills the memory.
pub fn pointer(parent: &str, segment: &str) -> String {
    if parent.len() > POINTER_LIMIT {
        return parent.to_owned();
    }
    format!("{parent}/{}", segment.replace('~', "~0").replace('/', "~1"))
}

/// Parses a document whose top level is an object.
///
/// # Errors
/// A diagnostic for every mistake that keeps the text from being such a document.
pub fn parse(source: &Source) -> Result<Node, Vec<Diagnostic>> {
    let text: &str = source.text.as_ref();
    let offset = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let body = &text[offset..];
    if let Some(diagnostic) = lexical::check(body, offset, source) {
        return Err(vec![diagnostic]);
    }

    let parsed = parse_to_ast(body, &CollectOptions::default(), &strict()).map_err(|failure| {
        let range = failure.range();
        vec![message::of(failure.kind()).at(source, range.start + offset..range.end + offset)]
    })?;
    let Some(value) = parsed.value else {
        return Err(vec![message::Message::empty().at(source, offset..text.len())]);
    };
    let mut tree = Tree { source, offset, diagnostics: Vec::new() };
    let node = tree.node(&value, "");
    if !matches!(node.data, Data::Object(_)) {
        tree.diagnostics.push(message::Message::not_an_object().at(source, node.span.clone()));
    }
    if tree.diagnostics.is_empty() { Ok(node) } else { Err(tree.diagnostics) }
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The walk from the parser's tree to ours; it finds what the parser lets pass.
struct Tree<'a> {
    source: &'a Source,
    offset: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Tree<'_> {
    fn node(&mut self, value: &ast::Value<'_>, path: &str) -> Node {
        let span = self.span(value);
        let data = match value {
            ast::Value::NullKeyword(_) => Data::Null,
            ast::Value::BooleanLit(literal) => Data::Bool(literal.value),
            ast::Value::NumberLit(literal) => self.number(literal.value, &span, path),
            ast::Value::StringLit(literal) => Data::Text(literal.value.to_string()),
            ast::Value::Array(array) => {
                let items = array.elements.iter().enumerate();
                Data::Array(items.map(|(index, item)| self.node(item, &pointer(path, &index.to_string()))).collect())
            }
            ast::Value::Object(object) => Data::Object(self.members(object, path)),
        };
        Node { span, data }
    }

    fn members(&mut self, object: &ast::Object<'_>, path: &str) -> Vec<Member> {
        let mut first = BTreeMap::new();
        let mut members = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            let key = property.name.as_str().to_owned();
            let key_span = self.span(&property.name);
            let here = pointer(path, &key);
            if let Some(earlier) = first.insert(key.clone(), key_span.clone()) {
                self.duplicate(&key, &here, &earlier, key_span.clone());
            }
            if key.len() > KEY_LIMIT {
                self.report(path, |source| message::Message::long_key().at(source, key_span.clone()));
            }
            members.push(Member { key, key_span, node: self.node(&property.value, &here) });
        }
        members
    }

    fn number(&mut self, literal: &str, span: &Range<usize>, path: &str) -> Data {
        let whole =
            || literal.parse::<i64>().map(Number::from).or_else(|_| literal.parse::<u64>().map(Number::from)).ok();
        let fraction = || literal.parse::<f64>().ok().and_then(Number::from_f64);
        if let Some(number) = whole().or_else(fraction) {
            return Data::Number(number);
        }
        self.report(path, |source| message::Message::number_out_of_range().at(source, span.clone()));
        Data::Null
    }

    fn duplicate(&mut self, key: &str, path: &str, earlier: &Range<usize>, span: Range<usize>) {
        self.report(path, |source| Diagnostic {
            level: Level::Error,
            kind: Kind::DuplicateKey,
            pointer: String::new(),
            message: format!("`{}` is set twice in the same object", key.escape_debug()),
            label: format!("first set on line {}", source.locate(earlier.clone()).line),
            location: source.locate(span),
            help: Some("keep one of them; other tools silently take the first or the last".to_owned()),
        });
    }

    fn report(&mut self, path: &str, diagnostic: impl FnOnce(&Source) -> Diagnostic) {
        if self.diagnostics.len() < DIAGNOSTIC_LIMIT {
            self.diagnostics.push(Diagnostic { pointer: path.to_owned(), ..diagnostic(self.source) });
        }
    }

    fn span(&self, ranged: &impl Ranged) -> Range<usize> {
        ranged.start() + self.offset..ranged.end() + self.offset
    }
}

#[cfg(test)]
mod tests;
