//! What went wrong in a text, in words for people.

use std::ops::Range;

use jsonc_parser::errors::ParseErrorKind;

use super::{DEPTH_LIMIT, KEY_LIMIT, SIZE_LIMIT};
use crate::diagnostic::{Diagnostic, Kind, Level};
use crate::source::Source;

/// The reference implementation parses leniently, so people have such files and wonder.
const LENIENT: &str =
    "the devcontainer CLI ignores this and silently uses what it could read; cloister never uses half a file";

/// A mistake that has no place yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    text: String,
    label: String,
    help: String,
}

impl Message {
    fn new(text: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Self { text: text.into(), label: label.into(), help: help.into() }
    }

    fn lenient(text: &str, label: &str) -> Self {
        Self::new(text, label, LENIENT)
    }

    /// Returns the diagnostic of this mistake at its place.
    pub(super) fn at(self, source: &Source, span: Range<usize>) -> Diagnostic {
        Diagnostic {
            level: Level::Error,
            kind: Kind::ParseError,
            pointer: String::new(),
            message: self.text,
            label: self.label,
            location: source.locate(span),
            help: Some(self.help),
        }
    }

    pub(super) fn empty() -> Self {
        Self::new(
            "the file is empty",
            "nothing here",
            "write an object, for example `{ \"image\": \"debian\" }`, or delete the file",
        )
    }

    pub(super) fn not_an_object() -> Self {
        Self::new("the file does not hold an object", "not an object", "a devcontainer.json is one object: `{ … }`")
    }

    pub(super) fn number_out_of_range() -> Self {
        Self::new("this number is out of range", "too large to be a number", "write a number that fits into 64 bits")
    }

    pub(super) fn too_large() -> Self {
        let text = format!("the file is larger than {} KiB", SIZE_LIMIT >> 10);
        Self::new(text, "too large", "a configuration is a few KiB; move data into files of its own")
    }

    pub(super) fn too_deep() -> Self {
        let text = format!("values are nested more than {DEPTH_LIMIT} levels deep");
        Self::new(text, "one level too deep", "no property needs this; flatten the value")
    }

    pub(super) fn long_key() -> Self {
        let text = format!("a key is longer than {KEY_LIMIT} bytes");
        Self::new(text, "too long", "no property needs this; shorten the key")
    }

    pub(super) fn stray_character() -> Self {
        Self::new(
            "this character does not belong here",
            "not JSON",
            "outside strings only JSON, comments and plain spaces are read",
        )
    }

    pub(super) fn control_character() -> Self {
        Self::new("a string holds a control character", "control character", "write it as an escape, for example `\\t`")
    }

    pub(super) fn unclosed_string() -> Self {
        Self::lenient("this string is not closed on its line", "no closing quote")
    }
}

/// Returns the message of what the parser found.
pub(super) fn of(kind: &ParseErrorKind) -> Message {
    use ParseErrorKind as E;
    match kind {
        E::ExpectedComma => Message::lenient("a comma is missing", "expected `,` here"),
        E::ExpectedColonAfterObjectKey => Message::lenient("a colon is missing after the key", "expected `:`"),
        E::ExpectedObjectValue => Message::lenient("a value is missing after the colon", "expected a value"),
        E::UnterminatedObject => Message::lenient("this object is not closed", "no closing `}`"),
        E::UnterminatedArray => Message::lenient("this array is not closed", "no closing `]`"),
        E::UnterminatedCommentBlock => Message::lenient("this comment is not closed", "no closing `*/`"),
        E::MultipleRootJsonValues => Message::lenient("something follows the end of the object", "unexpected"),
        E::ExpectedStringObjectProperty | E::UnexpectedTokenInObject => {
            Message::lenient("a key in double quotes is expected", "expected a key")
        }
        E::SingleQuotedStringsNotAllowed => Message::lenient("strings need double quotes", "single quote"),
        E::HexadecimalNumbersNotAllowed
        | E::UnaryPlusNumbersNotAllowed
        | E::BareDecimalPointNumbersNotAllowed
        | E::NonFiniteNumbersNotAllowed
        | E::ExpectedDigit
        | E::ExpectedDigitFollowingNegativeSign
        | E::ExpectedPlusMinusOrDigitInNumberLiteral => Message::lenient("this is not a JSON number", "not a number"),
        E::String(reason) => string(reason),
        E::NestingDepthExceeded => Message::too_deep(),
        E::CommentsNotAllowed
        | E::TrailingCommasNotAllowed
        | E::UnexpectedCloseBrace
        | E::UnexpectedCloseBracket
        | E::UnexpectedColon
        | E::UnexpectedComma
        | E::UnexpectedToken
        | E::UnexpectedWord => Message::lenient("this is not JSON", "unexpected"),
    }
}

fn string(reason: &jsonc_parser::ParseStringErrorKind) -> Message {
    use jsonc_parser::ParseStringErrorKind as S;
    match reason {
        S::UnterminatedStringLiteral => Message::unclosed_string(),
        S::InvalidUnicodeEscapeSequence(_) => Message::new(
            "this escape is half of a surrogate pair",
            "not a character",
            "write the character itself, or both halves: `\\ud83d\\ude00`",
        ),
        S::InvalidEscapeInSingleQuoteString
        | S::InvalidEscapeInDoubleQuoteString
        | S::ExpectedFourHexDigits
        | S::ExpectedTwoHexDigits
        | S::InvalidEscape => Message::new(
            "this is not an escape that JSON knows",
            "unknown escape",
            "JSON knows `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX`; a backslash itself is `\\\\`",
        ),
    }
}
