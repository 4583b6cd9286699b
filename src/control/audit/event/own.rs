//! What cloister does itself: plans, policies, the control plane, sandboxes, and files of the log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Chain;

/// A plan was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Plan {
    /// Digest of the plan.
    pub digest: String,
    /// The folder that it was made for.
    pub folder: String,
}

/// The policy changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Policy {
    /// Digest of the policy that counts now.
    pub digest: String,
    /// Where the change came from: a file, a decision, the release.
    pub from: String,
    /// Rules that were not there before, as `allow x` or `deny x`.
    pub added: Vec<String>,
    /// Rules that are gone, as `allow x` or `deny x`.
    pub removed: Vec<String>,
}

/// Something about the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Control {
    /// It began.
    Started {
        /// Number of the process.
        process: u32,
        /// Version of the program.
        version: String,
    },
    /// It ended because it was told to, or because no sandbox is left.
    Stopped,
    /// A guardian answers it.
    GuardianAttached {
        /// Random name of that life of the guardian.
        epoch: String,
    },
    /// The guardian answers no more.
    GuardianLost {
        /// Random name of that life of the guardian.
        epoch: String,
    },
    /// Another guardian runs in place of one that is gone; it denies everything until it has its policy.
    GuardianReplaced {
        /// Random name of the life that is over.
        before: String,
        /// Random name of the new one.
        epoch: String,
    },
    /// What stood behind the last whole line of the log was cut off: a line that was never acknowledged, because its
    /// writer was killed or its disk full.
    Repaired {
        /// How many bytes.
        bytes: u64,
    },
    /// Entries that were acknowledged are not in the log any more.
    Missing(Lost),
    /// There was a log and nothing that said how far it had been on disk: nobody can tell whether its end is missing.
    EndUnknown,
}

/// Entries of the log that are not where they belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Lost {
    /// Number of the first.
    pub first: u64,
    /// Number of the last.
    pub last: u64,
}

/// A sandbox came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxChange {
    /// It runs.
    Started,
    /// It runs no more.
    Stopped,
}

/// A file of the log begins; its first entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Beginning {
    /// Number of the file, from 1.
    pub file: u64,
    /// Chain value of the entry before this one; zeros before the first of all.
    pub previous: Chain,
    /// Number of the first file that is still kept once this one begins.
    pub kept: u64,
    /// Files that are removed as this one begins, because the log may have only so many.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub removed: Vec<Removed>,
    /// Number of the last event of each of the latest guardians that the log has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub guardians: BTreeMap<String, u64>,
}

/// A file that is not kept any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Removed {
    /// Number of the file.
    pub file: u64,
    /// Number of its first entry.
    pub first: u64,
    /// Number of its last entry.
    pub last: u64,
    /// Chain value of its last entry.
    pub chain: Chain,
}
