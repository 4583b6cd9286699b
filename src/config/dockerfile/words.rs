//! Words of an instruction: flags first, then arguments, as a JSON list or between spaces.

/// Flags and arguments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// `--name=value` in front of the arguments.
    pub flags: Vec<String>,
    /// The arguments; quotes are kept in those that are no JSON list.
    pub arguments: Vec<String>,
    /// Whether the arguments are a JSON list.
    pub is_list: bool,
}

/// Instructions whose arguments end at white space, quotes or not.
const UNQUOTED: [&str; 3] = ["ADD", "COPY", "FROM"];

impl Words {
    /// Splits what follows an instruction's name.
    pub(super) fn parse(name: &str, text: &str, escape: char) -> Self {
        let words = split(text, escape);
        let count = words.iter().take_while(|word| word.starts_with("--") && word.len() > 2).count();
        let flags = words[..count].to_vec();
        let rest = after_words(text, escape, count).trim();
        if let Some(arguments) = rest.starts_with('[').then(|| serde_json::from_str(rest).ok()).flatten() {
            return Self { flags, arguments, is_list: true };
        }
        let pieces = || rest.split(is_separator).filter(|piece| !piece.is_empty()).map(str::to_owned);
        let arguments = if UNQUOTED.contains(&name) { pieces().collect() } else { words[count..].to_vec() };
        Self { flags, arguments, is_list: false }
    }

    /// Returns the value of a flag, as a builder reads it; the last one counts.
    pub fn flag(&self, name: &str) -> Option<String> {
        let value = |flag: &String| {
            let flag = plain(flag);
            let (found, value) = flag.strip_prefix("--")?.split_once('=')?;
            (found == name).then(|| value.to_owned())
        };
        self.flags.iter().rev().find_map(value)
    }

    /// Returns all arguments but the last, which is the target; without the quotes around them.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let count = self.arguments.len().saturating_sub(1);
        self.arguments[..count].iter().map(|word| word.trim_matches(['"', '\''])).filter(|word| !word.starts_with("<<"))
    }
}

/// Returns a word as a builder sees it in the end: without quotes and escape characters, which could hide a part of it.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|character| !matches!(character, '"' | '\'' | '\\' | '`')).collect()
}

/// Returns whether a character separates words (`[\t\v\f\r ]` of the reference parser).
pub(super) fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r')
}

/// Splits at spaces outside of quotes.
pub(super) fn split(text: &str, escape: char) -> Vec<String> {
    ends(text, escape).into_iter().map(|(start, end)| text[start..end].to_owned()).collect()
}

fn after_words(text: &str, escape: char, count: usize) -> &str {
    match count.checked_sub(1).and_then(|last| ends(text, escape).get(last).copied()) {
        Some((_, end)) => &text[end..],
        None => text,
    }
}

/// Returns where each word begins and ends.
fn ends(text: &str, escape: char) -> Vec<(usize, usize)> {
    let (mut words, mut begin, mut quote, mut escaped) = (Vec::new(), None, None, false);
    for (index, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == escape && quote != Some('\'') {
            escaped = true;
        } else if quote == Some(character) {
            quote = None;
        } else if quote.is_none() && matches!(character, '"' | '\'') {
            quote = Some(character);
        } else if quote.is_none() && is_separator(character) {
            words.extend(begin.take().map(|start| (start, index)));
            continue;
        }
        begin = begin.or(Some(index));
    }
    words.extend(begin.map(|start| (start, text.len())));
    words
}
