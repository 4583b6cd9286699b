//! `presets`, `allow` and `deny`.

use std::collections::BTreeSet;

use super::super::model::Egress;
use super::super::presets;
use super::super::rule::Rule;
use super::checker::Checker;
use crate::config::jsonc::Node;

/// Returns what the presets of the file allow; those of the default where it names none.
pub(super) fn presets(checker: &mut Checker<'_>, root: &Node, base: Egress) -> Egress {
    if root.member("presets").is_none() {
        return base;
    }
    let takes = format!("names of presets: {}", presets::names().collect::<Vec<_>>().join(", "));
    let names = checker.parsed(root, "", "presets", &takes, |name| {
        presets::rules(name).map(|_| name.to_owned()).ok_or("there is no such preset")
    });
    let allow = names.iter().filter_map(|name| presets::rules(name)).flatten().collect();
    Egress { presets: names, allow, deny: BTreeSet::new() }
}

/// Returns the rules of `allow` or `deny`.
pub(super) fn rules(checker: &mut Checker<'_>, root: &Node, key: &str) -> BTreeSet<Rule> {
    let parse = if key == "deny" { Rule::parse_deny } else { Rule::parse };
    checker.parsed(root, "", key, "rules such as \"example.com\", \"*.example.com\" or \"example.com:22/raw\"", parse)
}
