//! Secrets in text that is kept or shown, written as what they are in place of what they say (SEC-68): tokens by the forms
//! that their issuers gave them, keys, passwords of addresses, and what stands behind a name that says so.
//!
//! Invariant: pure; time grows with the length of the text alone, whatever is in it. It finds what looks like a secret, and
//! no other: a password that looks like a word stays.

mod forms;
mod named;
pub mod stream;

use std::borrow::Cow;

/// A secret that was found: how many bytes stay before it, how many it has, and what it is.
struct Found {
    stays: usize,
    length: usize,
    what: &'static str,
}

/// Returns a text with `[redacted: …]` in place of each secret.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut written = String::new();
    let (mut kept, mut at) = (0, 0);
    while at < text.len() {
        match is_boundary(text, at).then(|| find(text, at)).flatten() {
            Some(Found { stays, length, what }) => {
                written.push_str(&text[kept..at + stays]);
                written.push_str(&mark(what));
                at += stays + length;
                kept = at;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    written.push_str(&text[kept..]);
    Cow::Owned(written)
}

/// Redacts the words of a command, where a secret may be the word behind its name.
pub fn words(words: &mut [String]) {
    let mut is_named = false;
    for word in words {
        let is_secret = std::mem::replace(&mut is_named, named::is_option(word)) && !word.starts_with('-');
        if is_secret && !word.is_empty() {
            *word = mark(named::WHAT);
        } else if let Cow::Owned(text) = redacted(word) {
            *word = text;
        }
    }
}

/// Redacts a secret that is known, wherever it stands.
pub fn known(text: &mut String, secret: &str, what: &str) {
    if !secret.is_empty() && text.contains(secret) {
        *text = text.replace(secret, &mark(what));
    }
}

fn mark(what: &str) -> String {
    format!("[redacted: {what}]")
}

fn find(text: &str, at: usize) -> Option<Found> {
    forms::find(text, at).or_else(|| named::find(text, at))
}

/// Whether something can begin here: not in the middle of a word.
fn is_boundary(text: &str, at: usize) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    at == 0 || !(is_word(text.as_bytes()[at - 1]) && is_word(text.as_bytes()[at]))
}

/// Returns how many bytes from here on are of a kind.
fn run(bytes: &[u8], is_kind: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_kind(**byte)).count()
}

#[cfg(test)]
mod tests;
