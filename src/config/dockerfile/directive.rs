//! Parser directives: comments at the very top that change how the rest is read.

use std::ops::Range;

use serde_json::Value;

/// What the top of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directives {
    /// The character that escapes and continues lines.
    pub(super) escape: char,
    /// The frontend, and where it is named.
    pub(super) syntax: Option<(String, Range<usize>)>,
}

/// Reads the directives. BuildKit also takes a frontend from `//` comments and from a JSON object, after a shebang line.
pub(super) fn read(text: &str) -> Directives {
    let mut found = Directives { escape: '\\', syntax: None };
    let mut position = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    if text[position..].starts_with("#!") {
        position += text[position..].find('\n').map_or(text.len() - position, |end| end + 1);
    }
    let rest = &text[position..];
    found.syntax = in_json(rest).map(|syntax| (syntax, position..position + rest.len().min(1)));
    let mut escape_counts = true;
    for line in rest.split_inclusive('\n') {
        let span = position..position + line.trim_end().len();
        position += line.len();
        let Some((key, value)) = directive(line) else {
            break;
        };
        match key.as_str() {
            "syntax" => found.syntax = found.syntax.or_else(|| Some((value.to_owned(), span))),
            "escape" if escape_counts && value == "`" => found.escape = '`',
            "escape" | "check" => {}
            // Behind a directive that nobody knows the others are comments; a frontend is reported all the same.
            _ => escape_counts = false,
        }
    }
    found
}

fn directive(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    let body = line.strip_prefix('#').or_else(|| line.strip_prefix("//"))?;
    let (key, value) = body.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !key.is_empty() && !value.is_empty();
    plain.then(|| (key.to_ascii_lowercase(), value))
}

fn in_json(text: &str) -> Option<String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let first = text.trim_start().starts_with('{').then(|| values.next())??.ok()?;
    let map = first.as_object()?;
    let syntax = map.iter().find(|(key, _)| key.eq_ignore_ascii_case("syntax"))?;
    syntax.1.as_str().map(str::to_owned)
}
