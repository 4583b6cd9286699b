//! What an agent left that the tools of the host would execute or trust (SEC-55): the workspace before a start, compared
//! with what is there now.
//!
//! | module | does |
//! |---|---|
//! | [`rules`] | which files those are, by their names; pure |
//! | [`scan`] | looks for them in a folder that may be hostile |
//! | [`difference`] | what was not there before; pure |
//! | [`report`] | that as a short list; pure |
//!
//! Invariant: a scan follows no link, waits for no pipe, and ends in bounded time; what it did not see, it says.

pub mod difference;
pub mod report;
pub mod rules;
pub mod scan;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Why something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// git runs or follows it.
    Git,
    /// A repository in the workspace, or the pointer to one: git on the host enters it (finding `nested-repo`).
    Repository,
    /// Editors, agents or shells run or trust it.
    Tool,
    /// Build tools or a CI service run it.
    Build,
    /// Runs with its owner's rights.
    Setuid,
    /// Leads out of the folder.
    Link,
    /// A pipe, a socket or a device: who reads it may wait for ever.
    Special,
    /// Could not be looked at.
    Unseen,
}

/// One thing that matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Why.
    pub kind: Kind,
    /// What tells it from another one: a digest, the target of a link.
    pub print: String,
    /// When it changed last, in nanoseconds since 1970; the kernel's clock, which nobody inside can set.
    pub changed: i64,
}

/// What matters in a folder, by relative path.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// When the scan began, in nanoseconds since 1970.
    pub taken: i64,
    /// Whether everything was looked at.
    pub complete: bool,
    /// What was found.
    pub marks: BTreeMap<String, Mark>,
}
