//! Decisions as a file: one file for each scope. Pure.

use serde::{Deserialize, Serialize};

use super::decision::{By, Decision, DecisionId, Scope, Verdict};
use super::rule::{Rule, RuleError};

/// Version of the file.
const VERSION: u32 = 1;

/// Why a file of decisions counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum DecisionsError {
    /// It is not what cloister writes; the text of the error has line and column.
    #[error("it is not as cloister wrote it")]
    Format(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error("another version of cloister wrote it (version {0})")]
    Version(u32),
    /// A rule is none, or none that may be allowed.
    #[error("it has the rule {text:?}")]
    Rule {
        /// The text.
        text: String,
        /// Why.
        #[source]
        source: RuleError,
    },
    /// A decision is about nothing.
    #[error("its decision {0} is about nothing")]
    Empty(DecisionId),
    /// A decision is in the file of another scope.
    #[error("its decision {0} belongs into another file")]
    Scope(DecisionId),
    /// An id is there twice.
    #[error("its decision {0} is there twice")]
    Twice(DecisionId),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    decisions: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Entry {
    id: DecisionId,
    verdict: Verdict,
    rules: Vec<String>,
    scope: Scope,
    made: u64,
    until: Option<u64>,
    by: By,
    asked_by: String,
}

/// Reads the text of a file; `belongs` says which scopes it may hold.
///
/// # Errors
/// It is not what [`to_json`] returns, as a whole: a decision that is not understood could be one that denies.
pub fn from_json(bytes: &[u8], belongs: impl Fn(&Scope) -> bool) -> Result<Vec<Decision>, DecisionsError> {
    let written: Written = serde_json::from_slice(bytes)?;
    if written.version != VERSION {
        return Err(DecisionsError::Version(written.version));
    }
    let mut decisions: Vec<Decision> = Vec::new();
    for entry in written.decisions {
        let decision = entry.into_decision()?;
        if !belongs(&decision.scope) {
            return Err(DecisionsError::Scope(decision.id));
        }
        if decisions.iter().any(|other| other.id == decision.id) {
            return Err(DecisionsError::Twice(decision.id));
        }
        decisions.push(decision);
    }
    Ok(decisions)
}

/// Returns the text of a file.
pub fn to_json<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> String {
    let decisions = decisions.into_iter().map(Entry::of).collect();
    let written = Written { version: VERSION, decisions };
    serde_json::to_string_pretty(&written).expect("decisions have text keys only") + "\n"
}

impl Entry {
    fn of(decision: &Decision) -> Self {
        let Decision { id, verdict, rules, scope, made, until, by, asked_by } = decision.clone();
        let rules = rules.iter().map(ToString::to_string).collect();
        Self { id, verdict, rules, scope, made, until, by, asked_by }
    }

    fn into_decision(self) -> Result<Decision, DecisionsError> {
        let Self { id, verdict, rules, scope, made, until, by, asked_by } = self;
        if rules.is_empty() {
            return Err(DecisionsError::Empty(id));
        }
        let parse = |text: String| match verdict {
            Verdict::Allow => Rule::parse(&text).map_err(|source| DecisionsError::Rule { text, source }),
            Verdict::Deny => Rule::parse_deny(&text).map_err(|source| DecisionsError::Rule { text, source }),
        };
        let rules = rules.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Decision { id, verdict, rules, scope, made, until, by, asked_by })
    }
}

#[cfg(test)]
mod tests;
