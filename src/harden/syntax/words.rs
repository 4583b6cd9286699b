//! Argument vectors and untrusted text as people read them: quoted like a shell would need it, nothing invisible.
//!
//! Invariant: for display only; nothing runs what is made here.

use crate::ui::text::visible;

/// Returns the words on one line, quoted where a shell would need it.
pub fn display<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let shown = visible(word);
    if !shown.is_empty() && shown.chars().all(is_plain) {
        return shown;
    }
    format!("'{}'", shown.replace('\'', r"'\''"))
}

fn is_plain(character: char) -> bool {
    character.is_alphanumeric() || "-_=+:,./@%^~{}[]".contains(character)
}

#[cfg(test)]
mod tests;
