//! What the log holds. Each entry is a line of JSON, as `schemas/audit.schema.json` says.
//!
//! Invariant: pure data. Times are milliseconds since the Unix epoch. Text may hold anything that a sandbox wrote: it is
//! made harmless where it is shown, and cut where it is kept ([`super::bounds`]).

mod approval;
mod chain;
mod guardian;
mod host_command;
mod own;

use serde::{Deserialize, Serialize};

pub use approval::{Answer, Approval, Card, Outcome, Who};
pub use chain::Chain;
pub use guardian::{Closed, Decision, Failed, Gap, Held};
pub use host_command::{Executable, HostCommand, Phase};
pub use own::{Beginning, Control, Lost, Plan, Policy, Removed, SandboxChange};

/// Something to be kept. It gets its number in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it happened.
    pub time: u64,
    /// The sandbox that it is about, where it is about one.
    pub sandbox: Option<Sandbox>,
    /// Which event of a guardian it is, where it is one.
    pub origin: Option<Origin>,
    /// What happened.
    pub what: What,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Record {
    /// Number in the log: from 1, without gaps.
    pub number: u64,
    /// When it happened.
    pub time: u64,
    /// The sandbox that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sandbox: Option<Sandbox>,
    /// Which event of a guardian it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
    /// What happened.
    pub what: What,
}

/// A sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sandbox {
    /// Its id.
    pub id: String,
    /// Name that people know it by; empty where nobody knows it any more.
    pub name: String,
}

/// An event of a guardian. No two entries of a log have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Origin {
    /// Random name of a life of a guardian.
    pub epoch: String,
    /// Number of the event within it.
    pub event: u64,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// The proxy decided about a request.
    Decision(Decision),
    /// What was allowed did not answer.
    Failed(Failed),
    /// A connection ended.
    Closed(Closed),
    /// A request waits for a person.
    Held(Held),
    /// Events of a guardian were lost.
    Gap(Gap),
    /// Something about the guardian itself: lower-case text.
    Diagnostic(String),
    /// A person, or a rule of theirs, answered what was asked; or nobody did.
    Approval(Approval),
    /// A command on the host.
    HostCommand(HostCommand),
    /// A plan was applied.
    Plan(Plan),
    /// The policy changed.
    Policy(Policy),
    /// The control plane itself.
    Control(Control),
    /// A sandbox came or went.
    Sandbox(SandboxChange),
    /// A file of the log begins.
    Log(Beginning),
}

impl What {
    /// Every kind, by the word that stands for it in the log.
    pub const KINDS: [&str; 13] = [
        "decision",
        "failed",
        "closed",
        "held",
        "gap",
        "diagnostic",
        "approval",
        "host-command",
        "plan",
        "policy",
        "control",
        "sandbox",
        "log",
    ];

    /// Returns the word that stands for its kind in the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Decision(_) => "decision",
            Self::Failed(_) => "failed",
            Self::Closed(_) => "closed",
            Self::Held(_) => "held",
            Self::Gap(_) => "gap",
            Self::Diagnostic(_) => "diagnostic",
            Self::Approval(_) => "approval",
            Self::HostCommand(_) => "host-command",
            Self::Plan(_) => "plan",
            Self::Policy(_) => "policy",
            Self::Control(_) => "control",
            Self::Sandbox(_) => "sandbox",
            Self::Log(_) => "log",
        }
    }
}

#[cfg(test)]
mod tests;
