//! What a person decided about a destination: which rules, for whom, until when, and who said so.
//!
//! Invariant: pure. A decision is written once; it ends or is undone as a whole.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rule::Rule;
use crate::ident::digest_prefix;

/// Hexadecimal digits of an id.
const ID_LENGTH: usize = 10;

/// Whether something may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not; wins.
    Deny,
}

impl Verdict {
    /// Returns the word that people and scripts see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// Whom a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Scope {
    /// One sandbox, until it stops.
    Session {
        /// Id of the sandbox.
        sandbox: String,
        /// What tells this life of the sandbox from its others.
        session: String,
    },
    /// One sandbox, whatever life of it, for a time.
    Sandbox {
        /// Id of the sandbox.
        sandbox: String,
    },
    /// Every sandbox on one folder.
    Project {
        /// The folder, canonical.
        folder: String,
    },
    /// Every sandbox.
    Global,
}

impl Scope {
    /// Returns the word that people and scripts see.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Session { .. } => "session",
            Self::Sandbox { .. } => "sandbox",
            Self::Project { .. } => "project",
            Self::Global => "global",
        }
    }

    /// Returns whether it is about a sandbox.
    pub fn covers(&self, subject: &Subject) -> bool {
        match self {
            Self::Session { sandbox, session } => *sandbox == subject.sandbox && *session == subject.session,
            Self::Sandbox { sandbox } => *sandbox == subject.sandbox,
            Self::Project { folder } => *folder == subject.folder,
            Self::Global => true,
        }
    }
}

/// A sandbox, as decisions know it. All of it is what cloister knows, nothing is what an agent says (UI-030).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Id of the sandbox.
    pub sandbox: String,
    /// What tells this life of the sandbox from its others; not secret.
    pub session: String,
    /// Name that people know it by.
    pub name: String,
    /// The folder that was opened, canonical.
    pub folder: String,
}

/// Name of a decision, for people to type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DecisionId(String);

/// A text that is no id of a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id of a decision has {ID_LENGTH} digits from 0 to f")]
pub struct NoDecisionId;

impl DecisionId {
    /// Returns the id of a text that no other decision has.
    pub fn derive(text: &str) -> Self {
        Self(digest_prefix(text, ID_LENGTH))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DecisionId {
    type Error = NoDecisionId;

    fn try_from(text: String) -> Result<Self, NoDecisionId> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == ID_LENGTH && text.bytes().all(digit) { Ok(Self(text)) } else { Err(NoDecisionId) }
    }
}

impl From<DecisionId> for String {
    fn from(id: DecisionId) -> Self {
        id.0
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// On the page.
    Page,
    /// In a terminal.
    Terminal,
}

impl By {
    /// Returns the word that people and scripts see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Terminal => "terminal",
        }
    }
}

/// One decision. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its name.
    pub id: DecisionId,
    /// Whether it opens or closes.
    pub verdict: Verdict,
    /// What it is about; never empty.
    pub rules: Vec<Rule>,
    /// For whom.
    pub scope: Scope,
    /// When it was made.
    pub made: u64,
    /// When it ends; `None` where only its scope ends it.
    pub until: Option<u64>,
    /// Where it was made.
    pub by: By,
    /// Name of the sandbox that asked.
    pub asked_by: String,
}

impl Decision {
    /// Returns whether it counts for a sandbox at a time.
    pub fn counts(&self, subject: &Subject, now: u64) -> bool {
        self.scope.covers(subject) && !self.is_over(now)
    }

    /// Returns whether its time is over.
    pub fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
