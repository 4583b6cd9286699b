//! What a builder could read in another way than this parser does. It is refused and not imitated: builders differ among
//! each other, and what one of them fetches must have been judged (SEC-86).

use super::words::{self, Words};

/// Returns what is ambiguous in an instruction, as the rest of a sentence.
pub(super) fn of(name: &str, rest: &str, words: &Words) -> Option<&'static str> {
    let flags = words.flags.iter().chain(words.arguments.first()).map(String::as_str);
    let found = match name {
        "ADD" | "COPY" => is_odd(rest) || words.flags.iter().any(|flag| is_escaped(flag)),
        "FROM" => is_odd(rest) || is_escaped(rest),
        "ARG" => is_odd(rest),
        "RUN" => flags.clone().any(is_odd) || words.flags.iter().any(|flag| is_escaped(flag)),
        _ => false,
    };
    if found {
        return Some("has white space, a control character or an escape that builders read in different ways");
    }
    match name {
        "ADD" | "COPY" if is_broken_list(words) => Some("begins with `[` and is no JSON list of texts"),
        "ARG" if !words.arguments.iter().all(|word| is_plain_name(word.split('=').next().unwrap_or_default())) => {
            Some("declares a name of other characters than letters, digits and `_`")
        }
        "ADD" | "COPY" | "RUN" if opens_odd_heredoc(rest) => {
            Some("opens a here-document whose name has other characters than letters, digits, `_`, `.` and `-`")
        }
        _ => None,
    }
}

/// Go's `unicode.IsSpace` separates flags and words in places where the parser's own expression does not.
fn is_odd(text: &str) -> bool {
    text.chars()
        .any(|character| !matches!(character, ' ' | '\t') && (character.is_whitespace() || character.is_control()))
}

fn is_escaped(text: &str) -> bool {
    text.contains(['\\', '`'])
}

/// Builders take more for a list than JSON has.
fn is_broken_list(words: &Words) -> bool {
    !words.is_list && words.arguments.first().is_some_and(|first| first.starts_with('['))
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// `BuildKit` reads these words with `\` for an escape, whatever the file says.
fn opens_odd_heredoc(rest: &str) -> bool {
    words::split(rest, '\\').iter().any(|word| {
        let behind = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<");
        let Some(name) = behind.map(|name| name.strip_prefix('-').unwrap_or(name)) else { return false };
        let unquoted = |quote| name.strip_prefix(quote)?.strip_suffix(quote);
        let name = unquoted('"').or_else(|| unquoted('\'')).unwrap_or(name);
        !name.contains('<')
            && name.contains(|character: char| {
                !(character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-'))
            })
    })
}
