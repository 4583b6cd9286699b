//! Presets: named sets of rules as data, one JSON file each, compiled in.
//!
//! A preset says what can leave a sandbox through it, because that is what the user decides about. Package registries
//! are patterns only. Invariant: every rule of every file parses; a test reads them all.

use serde::Deserialize;

use super::rule::{Rule, RuleError};

/// What a preset is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What it opens.
    pub opens: String,
    /// What can leave through it.
    pub leaves: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    description: String,
    leaves: String,
    allow: Vec<String>,
}

const FILES: &[(&str, &str)] = &[
    ("ai", include_str!("presets/ai.json")),
    ("docs", include_str!("presets/docs.json")),
    ("editor", include_str!("presets/editor.json")),
    ("git-hosts", include_str!("presets/git-hosts.json")),
    ("packages", include_str!("presets/packages.json")),
];

/// Returns the names of all presets, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Returns the allowing rules of a preset, in the order of its file.
pub fn rules(name: &str) -> Option<Vec<Rule>> {
    let rules: Result<Vec<Rule>, RuleError> = file(name)?.allow.iter().map(|text| Rule::parse(text)).collect();
    Some(rules.expect("embedded presets hold rules, a test reads them all"))
}

/// Returns what a preset is for.
pub fn describe(name: &str) -> Option<Description> {
    file(name).map(|file| Description { opens: file.description, leaves: file.leaves })
}

fn file(name: &str) -> Option<File> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Some(serde_json::from_str(text).expect("embedded presets are JSON, a test reads them all"))
}

#[cfg(test)]
mod tests;
