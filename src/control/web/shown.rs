//! Text that others had a hand in, as the page shows it (SEC-49).
//!
//! Invariant: pure. Nothing of it moves, turns around or hides: what would not be seen is written out, and told apart from
//! a text that only looks like it.

use serde::Serialize;

use crate::ui::text::pieces;

/// Most characters that are shown at once; of a longer text the middle is left out until somebody wants to see it.
const SHORT: usize = 240;

/// A text, in pieces: as it came, written out, as it came, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(super) struct Shown {
    /// The text, or its beginning and its end around how much is left out.
    pieces: Vec<String>,
    /// All of it, where something is left out.
    whole: Option<Vec<String>>,
    /// Whether something in it would not have been seen.
    hides: bool,
}

impl Shown {
    /// Makes a text safe to look at.
    pub(super) fn new(text: &str) -> Self {
        let written: Vec<_> = written(text).collect();
        let hides = written.iter().any(|(_, out)| *out);
        if written.len() <= SHORT {
            return Self { pieces: join(written), whole: None, hides };
        }
        let (head, tail) = (SHORT - SHORT / 3, SHORT / 3);
        let left_out = (format!("…(+{})…", written.len() - head - tail), true);
        let short =
            written[..head].iter().cloned().chain([left_out]).chain(written[written.len() - tail..].iter().cloned());
        Self { pieces: join(short), whole: Some(join(written.clone())), hides }
    }

    /// Whether something in it would not have been seen.
    pub(super) fn hides(&self) -> bool {
        self.hides
    }
}

/// Returns each character, and whether it is written out.
fn written(text: &str) -> impl Iterator<Item = (String, bool)> {
    pieces(text).map(|(at, piece)| match piece {
        std::borrow::Cow::Borrowed(piece) => (piece.to_owned(), false),
        std::borrow::Cow::Owned(_) => (spelled(text[at..].chars().next().unwrap_or_default()), true),
    })
}

fn spelled(character: char) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        other => format!("<U+{:04X}>", u32::from(other)),
    }
}

/// Joins neighbours of a kind; the first piece is as it came.
fn join(written: impl IntoIterator<Item = (String, bool)>) -> Vec<String> {
    let mut joined = vec![String::new()];
    for (piece, out) in written {
        if out == (joined.len() % 2 == 1) {
            joined.push(String::new());
        }
        joined.last_mut().expect("it is never empty").push_str(&piece);
    }
    joined
}

#[cfg(test)]
impl Shown {
    /// Returns what is shown as one text.
    pub(super) fn text(&self) -> String {
        self.pieces.concat()
    }
}

#[cfg(test)]
mod tests;
