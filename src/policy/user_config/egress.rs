//! `presets`, `allow` and `deny`.

use ipnet::Ipv4Net;

use super::super::layer::Placed;
use super::super::presets;
use super::super::rule::{Pattern, Rule};
use super::checker::Checker;
use super::network;
use crate::config::jsonc::Node;

const TAKES: &str = "rules such as \"example.com\", \"*.example.com\" or \"example.com:22/raw\"";

/// Returns the presets that the file names, where it names any.
pub(super) fn presets(checker: &mut Checker<'_>, root: &Node) -> Option<Vec<Placed<String>>> {
    root.member("presets")?;
    let takes = format!("names of presets: {}", presets::names().collect::<Vec<_>>().join(", "));
    Some(checker.placed(root, "", "presets", &takes, |name| {
        presets::rules(name).map(|_| name.to_owned()).ok_or("there is no such preset")
    }))
}

/// Returns the rules of `allow`. What no sandbox may ever reach is refused here, where somebody reads the reason.
pub(super) fn allow(checker: &mut Checker<'_>, root: &Node, pool: Ipv4Net) -> Vec<Placed<Rule>> {
    checker.placed(root, "", "allow", TAKES, |text| {
        let rule = Rule::parse(text).map_err(|error| error.to_string())?;
        match rule.pattern() {
            Pattern::Address(address) => network::reachable(*address, pool).map(|()| rule),
            Pattern::Exact(_) | Pattern::Below(_) | Pattern::Tree(_) => Ok(rule),
        }
    })
}

/// Returns the rules of `deny`.
pub(super) fn deny(checker: &mut Checker<'_>, root: &Node) -> Vec<Placed<Rule>> {
    checker.placed(root, "", "deny", TAKES, Rule::parse_deny)
}
