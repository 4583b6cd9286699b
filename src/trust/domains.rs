//! Hosts that a repository asks for: `customizations.cloister.allow`.
//!
//! Invariant: what a repository can ask for is a part of what a user can allow: rules that name hosts, few enough to be read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::approvals::Approvals;
use super::{Kind, Request};
use crate::policy::rule::{Pattern, Rule};

/// Most rules that one repository can ask for: as many as somebody reads.
pub const MOST: usize = 64;
/// Most bytes of one rule: the longest host name, a wildcard and a port.
const LONGEST: usize = 280;
/// Where it stands.
const PLACE: &str = "customizations.cloister.allow";

/// Rules that a repository asks for, as one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domains {
    /// The rules; never none.
    pub rules: BTreeSet<Rule>,
    /// Digest of the request.
    pub digest: String,
}

/// Something that cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Place in the list; `None` for all of it.
    pub index: Option<usize>,
    /// What stands there.
    pub written: String,
    /// Lower-case fragment.
    pub reason: String,
}

impl Domains {
    /// Returns the request for these rules; `None` for none.
    pub fn of(rules: BTreeSet<Rule>) -> Option<Self> {
        let texts: Vec<&str> = rules.iter().map(Rule::as_str).collect();
        let digest = super::digest(&json!({ "kind": Kind::Domains, "rules": texts }));
        (!rules.is_empty()).then_some(Self { rules, digest })
    }

    /// Reads what a configuration asks for, and what of it cannot be asked for. A list that nobody reads to its end is no
    /// request.
    pub fn read(value: &Value) -> (Option<Self>, Vec<Mistake>) {
        let whole = |reason: String| vec![Mistake { index: None, written: value.to_string(), reason }];
        let Some(items) = value.as_array() else {
            return (None, whole("it is no list of rules such as \"example.com\"".to_owned()));
        };
        if items.len() > MOST {
            return (
                None,
                whole(format!("{} hosts are more than the {MOST} that a repository can ask for", items.len())),
            );
        }
        let (mut rules, mut mistakes) = (BTreeSet::new(), Vec::new());
        for (index, item) in items.iter().enumerate() {
            match rule(item) {
                Ok(rule) => _ = rules.insert(rule),
                Err(reason) => mistakes.push(Mistake { index: Some(index), written: item.to_string(), reason }),
            }
        }
        (Self::of(rules), mistakes)
    }

    /// Returns what was approved under a digest, as far as it is approved still.
    pub fn approved(approvals: &Approvals, digest: &str) -> Option<Self> {
        let approval = approvals.approved(digest).filter(|approval| approval.kind == Kind::Domains)?;
        // The content is for people; what counts is the digest.
        Self::of_content(&approval.content).filter(|domains| domains.digest == digest)
    }

    /// Returns what the content of a request says; `None` where it is none of these.
    pub fn of_content(content: &str) -> Option<Self> {
        Self::of(content.lines().map(|line| rule(&Value::from(line)).ok()).collect::<Option<_>>()?)
    }

    /// Returns the request.
    pub fn request(&self) -> Request {
        let lines: Vec<&str> = self.rules.iter().map(Rule::as_str).collect();
        let (content, digest) = (lines.join("\n"), self.digest.clone());
        Request { kind: Kind::Domains, place: PLACE.to_owned(), content, digest, opens: Vec::new() }
    }
}

fn rule(item: &Value) -> Result<Rule, String> {
    let text = item.as_str().ok_or("a rule is a text such as \"example.com\"")?;
    if text.len() > LONGEST {
        return Err("it is longer than any host".to_owned());
    }
    let rule = Rule::parse(text).map_err(|error| error.to_string())?;
    match rule.pattern() {
        Pattern::Address(_) => Err("a repository can ask for names, not for addresses".to_owned()),
        Pattern::Exact(_) | Pattern::Below(_) | Pattern::Tree(_) => Ok(rule),
    }
}

#[cfg(test)]
mod tests;
