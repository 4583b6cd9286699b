//! `presets`, `allow` and `deny`.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use super::super::model::Egress;
use super::super::presets;
use super::super::rule::{Pattern, Rule};
use super::checker::Checker;
use super::network;
use crate::config::jsonc::Node;

const TAKES: &str = "rules such as \"example.com\", \"*.example.com\" or \"example.com:22/raw\"";

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

/// Returns the rules of `allow`. What no sandbox may ever reach is refused here, where somebody reads the reason.
pub(super) fn allow(checker: &mut Checker<'_>, root: &Node, pool: Ipv4Net) -> BTreeSet<Rule> {
    checker.parsed(root, "", "allow", TAKES, |text| {
        let rule = Rule::parse(text).map_err(|error| error.to_string())?;
        match rule.pattern() {
            Pattern::Address(address) => network::reachable(*address, pool).map(|()| rule),
            Pattern::Exact(_) | Pattern::Below(_) | Pattern::Tree(_) => Ok(rule),
        }
    })
}

/// Returns the rules of `deny`.
pub(super) fn deny(checker: &mut Checker<'_>, root: &Node) -> BTreeSet<Rule> {
    checker.parsed(root, "", "deny", TAKES, Rule::parse_deny)
}
