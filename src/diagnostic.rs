//! Mistakes in files, as values: what, where, why, and what to do next. Rendering is [`crate::ui::diagnostic`]'s work.

use crate::source::Location;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing; the file is used.
    Warning,
    /// The file is not used.
    Error,
}

/// What kind of mistake it is. The string forms of the first three are finding codes of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The text is not the language it should be.
    ParseError,
    /// An object names a key twice.
    DuplicateKey,
    /// A value has a type that the property does not take.
    TypeError,
    /// Nobody knows this property.
    UnknownProperty,
    /// Another property of the same file decides instead.
    UnusedProperty,
}

impl Kind {
    /// Returns the code as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "parse-error",
            Self::DuplicateKey => "duplicate-key",
            Self::TypeError => "type-error",
            Self::UnknownProperty => "unknown-property",
            Self::UnusedProperty => "unused-property",
        }
    }
}

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it weighs.
    pub level: Level,
    /// What kind of mistake it is.
    pub kind: Kind,
    /// JSON pointer of the value, empty for the whole document.
    pub pointer: String,
    /// Lower-case fragment: what is wrong.
    pub message: String,
    /// Short text at the place itself.
    pub label: String,
    /// Where it is.
    pub location: Location,
    /// What to do about it.
    pub help: Option<String>,
}
