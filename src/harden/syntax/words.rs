//! Argument vectors and untrusted text as people read them: quoted like a shell would need it, nothing invisible.
//!
//! Invariant: for display only; nothing runs what is made here.

/// Returns the words on one line, quoted where a shell would need it.
pub fn display<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// Returns the text with every character escaped that does not show, or that changes how its neighbours show.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) { shown.extend(character.escape_default()) } else { shown.push(character) }
    }
    shown
}

/// Returns whether a character does not show, or changes how its neighbours show (Unicode TR36, Trojan Source).
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn quote(word: &str) -> String {
    let shown = printable(word);
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
