//! What was asked of a person, and what they answered.

use serde::{Deserialize, Serialize};

/// A card, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Approval {
    /// Number of the card, where there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub card: Option<u64>,
    /// Its kind.
    pub kind: Card,
    /// What is asked for: hosts with their ports, the title of a command, what the repository wants.
    pub what: Vec<String>,
    /// Digest of exactly what was shown (SEC-50).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// Kind of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Card {
    /// To reach a host.
    Host,
    /// A command on the host.
    HostCommand,
    /// Something that the repository asks for.
    Repository,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// It waits for a person.
    Asked,
    /// It may.
    Allowed(Answer),
    /// It may not.
    Denied(Answer),
    /// Nobody answered in time.
    Expired,
    /// Nobody was asked: a machine-readable word says why.
    Unasked(String),
    /// What was decided before counts no more.
    Ended {
        /// Id of the decision.
        decision: String,
        /// Who undid it; absent where its time or its sandbox was over.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<Who>,
    },
}

/// How it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Answer {
    /// For how long and for whom: `once`, `session`, `15m`, `1h`, `1d`, `project` or `global`.
    pub term: String,
    /// When that ends, where it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<u64>,
    /// Who answered.
    pub by: Who,
    /// Id of the decision that was kept, where one was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<String>,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// A person, on the page.
    Page,
    /// A person, in a terminal.
    Terminal,
    /// A rule of the user's configuration, or an answer that they gave before.
    Rule,
}
