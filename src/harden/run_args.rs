//! The grammar of `docker run` flags, as the Docker command line parses them: elements in, typed arguments out.
//!
//! Checked against the client 28.2; the parser there is pflag without interspersed arguments.
//!
//! Invariant: every element of `runArgs` belongs to at least one [`Item`], and nothing here judges what a flag does.

pub mod flag;
mod parse;

use std::ops::Range;

pub use flag::{Flag, Kind, Name};
pub(crate) use parse::boolean;
pub use parse::parse;

use crate::source::Origin;

/// One argument of `docker run`, or what stands in the place of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What was understood.
    pub argument: Argument,
    /// This argument alone as it was written, printable; one letter's part of a bundle.
    pub written: String,
    /// Where its first element stands.
    pub origin: Origin,
    /// Indices of the elements that it was read from; the letters of a bundle share theirs.
    pub elements: Range<usize>,
}

/// What an element, or an element with its value, means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A flag that takes no value unless attached: on or off.
    Switch(Name, bool),
    /// A flag with its value.
    Setting(Name, String),
    /// Something that `docker run` refuses, or takes for something other than a flag.
    Mistake(Mistake),
}

/// Why an element is not a flag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// No flag has this name; a following word that is no flag was taken for its value.
    #[error("`docker run` has no flag {0}")]
    Unknown(String),
    /// `---x` or `--=x`.
    #[error("this is not the form of a flag")]
    Syntax,
    /// The list ends where a value must follow: the reference tool's own next argument would become it.
    #[error("--{flag} needs a value", flag = .0.flag().long)]
    MissingValue(Name),
    /// A switch with a value that is neither true nor false.
    #[error("--{flag} takes true or false, not {value:?}", flag = .0.flag().long, value = .1)]
    BadSwitch(Name, String),
    /// The first one would become the image; it and everything after it would become the command.
    #[error("a bare word would take the image's place")]
    BareWord,
    /// `--`: everything after it is bare words.
    #[error("-- ends the flags")]
    EndOfFlags,
    /// An empty element, which is an empty bare word.
    #[error("an empty argument would take the image's place")]
    Empty,
    /// An element with a NUL, which no argument vector can hold.
    #[error("an argument cannot hold a NUL")]
    Nul,
}

#[cfg(test)]
mod tests;
