use std::collections::BTreeSet;

use super::{describe, names, rules};
use crate::policy::rule::{Pattern, Rule};

#[test]
fn every_preset_reads_and_explains_itself() {
    for name in names() {
        let rules = rules(name).expect(name);
        let description = describe(name).expect(name);
        assert!(!rules.is_empty() && !description.opens.is_empty() && !description.leaves.is_empty(), "{name}");
        assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len(), "{name} repeats a rule");
        assert!(rules.iter().all(|rule| rule.port().is_none()), "{name} names a port");
    }
}

#[test]
fn names_are_sorted() {
    assert!(names().is_sorted());
    assert_eq!(names().collect::<Vec<_>>(), ["ai", "docs", "editor", "git-hosts", "packages"]);
}

#[test]
fn unknown_presets_are_none() {
    assert_eq!(rules("everything"), None);
    assert_eq!(describe(""), None);
}

#[test]
fn registries_are_patterns_only() {
    let exact = |rule: &Rule| matches!(rule.pattern(), Pattern::Exact(_) | Pattern::Address(_));
    assert!(!rules("packages").expect("it exists").iter().any(exact));
}
