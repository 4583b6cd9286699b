//! A sandbox that works on a clone: what goes in and comes out of it is a bundle of git's (gitformat-bundle(5)), which is
//! data and nothing else. Pure.
//!
//! | module | does |
//! |---|---|
//! | [`bundle`] | reads what an agent says is in a bundle |
//! | [`origin`] | the address of the origin, without what is secret in it |

pub mod bundle;
pub mod origin;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The clone of a sandbox, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Clone {
    /// The folder of the repository that it is a clone of.
    pub repository: String,
    /// Name of the volume that it lies in.
    pub volume: String,
    /// Commits that the repository has: those that were cloned, and those that were pulled.
    pub known: BTreeSet<String>,
    /// What was in the clone alone when somebody looked last; `None` where nobody knows.
    pub left: Option<Left>,
}

/// What is in a clone alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Left {
    /// Commits.
    pub commits: u64,
    /// Files that differ from the commit, or belong to none.
    pub files: u64,
}

impl Left {
    /// Tells whether nothing would be lost with the clone.
    pub fn is_nothing(self) -> bool {
        self == Self { commits: 0, files: 0 }
    }
}

/// Where commits of a sandbox go in the user's repository: below this, and the sandbox's name.
pub const REFS: &str = "refs/cloister";

/// Returns the reference of the user's repository for one of the sandbox's.
pub fn own_ref(sandbox: &str, theirs: &str) -> String {
    format!("{REFS}/{sandbox}/{}", theirs.strip_prefix(bundle::BRANCHES).unwrap_or(theirs))
}
