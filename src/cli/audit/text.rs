//! An entry as one line for people; `--format json` has all of it.

use time::UtcOffset;

use super::when;
use crate::control::audit::read::Seen;
use crate::control::audit::told::{Told, told};
use crate::ui::text::{cut, pad, visible};

/// Columns of a name of a sandbox; longer ones move what follows.
const NAME: usize = 12;
/// Columns of the word that says what happened.
const WORD: usize = 9;
/// Most columns of a name.
const LONGEST: usize = 160;

/// Returns the line, with its newline.
pub(super) fn line(seen: &Seen, offset: UtcOffset, color: bool) -> String {
    let record = &seen.record;
    let sandbox = record.sandbox.as_ref();
    let name = sandbox.map_or("-", |sandbox| if sandbox.name.is_empty() { &sandbox.id } else { &sandbox.name });
    let Told { role, word, text } = told(seen, offset);
    format!(
        "{}  {}  {}  {}\n",
        when::shown(record.time, offset),
        pad(&cut(&visible(name), LONGEST), NAME),
        role.paint(&pad(word, WORD), color),
        text
    )
}

#[cfg(test)]
mod tests;
