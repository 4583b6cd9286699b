//! The policy as the page shows it: decisions, and the rules that are in force with where they come from.
//!
//! Invariant: pure.

use serde::Serialize;

use super::shown::Shown;
use crate::control::protocol::{DecisionView, RuleView};
use crate::policy::decision::{DecisionId, Scope};

/// A decision that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Decision {
    id: DecisionId,
    verdict: &'static str,
    rules: Vec<Shown>,
    whom: &'static str,
    /// The folder, where it is about one.
    folder: Option<Shown>,
    made: u64,
    until: Option<u64>,
    /// Whether it ends with the sandbox.
    stops: bool,
    by: &'static str,
    asked_by: Shown,
}

/// A rule that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Rule {
    rule: Shown,
    verdict: &'static str,
    origin: Shown,
}

impl Decision {
    /// Returns what is shown of a decision.
    pub(super) fn new(view: &DecisionView) -> Self {
        let folder = match &view.scope {
            Scope::Project { folder } => Some(Shown::new(folder)),
            _ => None,
        };
        Self {
            id: view.id.clone(),
            verdict: view.verdict.as_str(),
            rules: view.rules.iter().map(|rule| Shown::new(rule)).collect(),
            whom: whom(&view.scope),
            folder,
            made: view.made,
            until: view.until,
            stops: matches!(view.scope, Scope::Session { .. }),
            by: view.by.as_str(),
            asked_by: Shown::new(&view.asked_by),
        }
    }
}

fn whom(scope: &Scope) -> &'static str {
    match scope {
        Scope::Session { .. } => "that sandbox, until it stops",
        Scope::Sandbox { .. } => "that sandbox, for a time",
        Scope::Project { .. } => "every sandbox on the folder",
        Scope::Global => "every sandbox",
    }
}

impl Rule {
    /// Returns what is shown of a rule.
    pub(super) fn new(view: &RuleView) -> Self {
        let RuleView { rule, verdict, origin, .. } = view;
        Self { rule: Shown::new(rule), verdict: verdict.as_str(), origin: Shown::new(origin) }
    }
}
