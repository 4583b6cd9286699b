//! Here-documents of `RUN`, `COPY` and `ADD`.

use super::words;

/// One here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heredoc {
    /// The line that ends it.
    pub(super) name: String,
    /// Whether tabs in front of its lines are cut (`<<-`).
    pub(super) strips_tabs: bool,
}

/// Instructions that take them, also behind `ONBUILD`.
const TAKERS: [&str; 3] = ["ADD", "COPY", "RUN"];

/// Returns the here-documents that a logical line opens, in order. Their escape is `\\`, whatever the file says.
pub(super) fn of(line: &str) -> Vec<Heredoc> {
    let mut names = line.trim().split(words::is_separator).filter(|word| !word.is_empty());
    let first = names.next().unwrap_or_default().to_ascii_uppercase();
    let name = if first == "ONBUILD" { names.next().unwrap_or_default().to_ascii_uppercase() } else { first };
    if !TAKERS.contains(&name.as_str()) {
        return Vec::new();
    }
    words::split(line, '\\').iter().filter_map(|word| heredoc(word)).collect()
}

/// Reads one word: `<<NAME`, `3<<-"NAME"`.
fn heredoc(word: &str) -> Option<Heredoc> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (strips_tabs, name) = match rest.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, rest),
    };
    let name: String = name.chars().filter(|character| !matches!(character, '"' | '\'')).collect();
    (!name.is_empty() && !name.contains('<')).then_some(Heredoc { name, strips_tabs })
}
