//! What is known of each sandbox that the guardian was told of, so that nothing that it tells is a reason to read a file.
//!
//! Invariant: what is in force here is what the guardian was told last.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::receipt::Receipt;
use crate::guardian::protocol::WirePolicy;
use crate::policy::decision::{Scope, Subject};
use crate::policy::effective::{Effective, Origin};

/// Such a sandbox.
#[derive(Debug)]
pub(super) struct Known {
    /// Its container: what tells this life of it from its others.
    pub(super) life: Option<String>,
    pub(super) subject: Subject,
    /// Digest of what its repository asked to reach.
    pub(super) asked: Option<String>,
    /// The policy in force.
    pub(super) effective: Effective,
    /// Its rules, as they are told.
    pub(super) rules: BTreeSet<String>,
    /// Which decision a rule came from, where it came from one.
    approvals: BTreeMap<String, String>,
}

impl Known {
    pub(super) fn of(receipt: &Receipt, effective: Effective, policy: &WirePolicy) -> Self {
        let of_decision = |origin: &Origin| match origin {
            Origin::Decision(decision) => Some(decision.id.to_string()),
            Origin::Builtin | Origin::Preset { .. } | Origin::User(_) | Origin::Project(_) | Origin::Repository(_) => {
                None
            }
        };
        let rules = effective.rules.iter();
        let approvals = rules.filter_map(|own| Some((own.rule.to_string(), of_decision(&own.origin)?))).collect();
        let allow = policy.allow.iter().map(|rule| format!("allow {rule}"));
        let rules = allow.chain(policy.deny.iter().map(|rule| format!("deny {rule}"))).collect();
        Self {
            life: receipt.container.clone(),
            subject: receipt.subject(),
            asked: receipt.asked.clone(),
            effective,
            rules,
            approvals,
        }
    }

    /// Returns the id of the decision that a rule came from.
    pub(super) fn approval(&self, rule: &str) -> Option<String> {
        self.approvals.get(rule).cloned()
    }

    /// Whether a decision can be about it.
    pub(super) fn is_meant(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Session { sandbox, .. } | Scope::Sandbox { sandbox } => *sandbox == self.subject.sandbox,
            Scope::Project { folder } => *folder == self.subject.folder,
            Scope::Global => true,
        }
    }
}
