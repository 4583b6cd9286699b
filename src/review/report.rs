//! Differences as a short list for people. Pure.

use super::Kind;
use super::difference::{Change, Difference};
use crate::ui::text::{cut, pad, visible, width, wrap};

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// Columns of the labels.
const LABEL: usize = 14;
/// Columns of one path.
const PATH: usize = 56;

/// What a list is about.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Name of the sandbox.
    pub name: &'a str,
    /// Paths of one kind before the rest is only counted.
    pub most: usize,
    /// Whether everything was looked at.
    pub complete: bool,
    /// Paths whose mount was lost while the sandbox ran.
    pub lost: &'a [String],
}

/// Returns the list; nothing where there is nothing to tell.
pub fn text(differences: &[Difference], options: Options<'_>) -> String {
    let mut lines = Vec::new();
    for (kind, label) in LABELS {
        let paths: Vec<_> = differences.iter().filter(|one| one.kind == kind).map(shown).collect();
        lines.extend(row(label, paths, options.most));
    }
    let lost: Vec<_> = options.lost.iter().map(|path| cut(&visible(path), PATH)).collect();
    lines.extend(row("uncovered", lost, options.most));
    if !options.complete {
        lines.extend(row("not seen", vec!["there is more than was looked at".to_owned()], 1));
    }
    if lines.is_empty() {
        return String::new();
    }
    let head = format!(
        "cloister: {}: since the start this changed, and your own tools may run or trust it:\n",
        visible(options.name)
    );
    head + &lines.concat()
}

const LABELS: [(Kind, &str); 8] = [
    (Kind::Git, "git runs it"),
    (Kind::Repository, "nested-repo"),
    (Kind::Tool, "editors, …"),
    (Kind::Build, "builds, CI"),
    (Kind::Setuid, "setuid"),
    (Kind::Link, "links out"),
    (Kind::Special, "pipes, …"),
    (Kind::Unseen, "not seen"),
];

/// Returns paths in one line: at most so many, and how many there are besides.
pub fn paths(differences: &[Difference], most: usize) -> String {
    let more = differences.len().saturating_sub(most);
    let named = differences.iter().take(most).map(shown);
    named.chain((more > 0).then(|| format!("and {more} more"))).collect::<Vec<_>>().join(", ")
}

fn shown(one: &Difference) -> String {
    let path = cut(&visible(if one.path.is_empty() { "." } else { &one.path }), PATH);
    if one.change == Change::New { format!("{path} (new)") } else { path }
}

fn row(label: &str, mut paths: Vec<String>, most: usize) -> Vec<String> {
    let more = paths.len().saturating_sub(most);
    paths.truncate(most);
    if more > 0 {
        paths.push(format!("and {more} more"));
    }
    let mut lines: Vec<String> = Vec::new();
    for path in paths {
        match lines.last_mut() {
            Some(line) if width(line) + 2 + width(&path) + LABEL + 2 <= COLUMNS => *line = format!("{line}, {path}"),
            Some(line) => {
                line.push(',');
                lines.extend(wrap(&path, COLUMNS - LABEL - 2));
            }
            None => lines.push(path),
        }
    }
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels.zip(lines).map(|(label, line)| format!("  {}{line}\n", pad(label, LABEL))).collect()
}

#[cfg(test)]
mod tests;
