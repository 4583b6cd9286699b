//! An error with everything that led to it.

use std::error::Error;
use std::iter::{once, successors};

/// Returns what an error and each of its sources say, the outermost first.
pub fn each(error: &dyn Error) -> impl Iterator<Item = String> {
    let sources = successors(error.source(), |source| (*source).source()).map(ToString::to_string);
    once(error.to_string()).chain(sources)
}

/// Returns the same in one line.
pub fn line(error: &dyn Error) -> String {
    each(error).collect::<Vec<_>>().join(": ")
}
