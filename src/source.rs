//! Texts and the places in them. A [`Source`] is read once; everything later points into it.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

/// A text that was read from a file, under the name that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Path as shown to people, relative to the workspace where it lies inside.
    pub name: Arc<str>,
    /// The text as read; a byte order mark is still in it.
    pub text: Arc<str>,
}

impl Source {
    /// Returns a source with the given display name and text.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Returns the place of a byte range, with one-based line and column; columns count characters.
    pub fn locate(&self, span: Range<usize>) -> Location {
        let start = floor_char_boundary(&self.text, span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |position| position + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].trim_start_matches('\u{feff}').chars().count() + 1;
        Location { file: Arc::clone(&self.name), line, column, span }
    }
}

fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// A place in a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Display name of the source.
    pub file: Arc<str>,
    /// One-based line.
    pub line: usize,
    /// One-based column in characters.
    pub column: usize,
    /// Byte range in the text, for the renderer.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// Where a value came from: a JSON pointer (RFC 6901), and its place where the text is at hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// JSON pointer into the document.
    pub pointer: String,
    /// Place in the text; `None` for values that no file holds (image labels, defaults).
    pub location: Option<Location>,
}

impl Origin {
    /// Returns an origin without a place in a text.
    pub fn unplaced(pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), location: None }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Spanned<T> {
    /// Returns the value with its origin.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Returns another value that has the same origin.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: convert(self.value), origin: self.origin }
    }
}

#[cfg(test)]
mod tests;
