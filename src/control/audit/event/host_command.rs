//! Commands that a sandbox has the host run.

use serde::{Deserialize, Serialize};

/// A command on the host. All texts of bytes are as [`crate::control::audit::bounds::lossless`] writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HostCommand {
    /// Digest of the request: everything that was asked and shown. The same in each phase.
    pub request: String,
    /// What was asked for; the program's name first.
    pub argv: Vec<String>,
    /// Working directory on the host; absent before it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub folder: Option<String>,
    /// What would run, or runs; absent before it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub executable: Option<Executable>,
    /// How far it is.
    pub phase: Phase,
}

/// A program on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Executable {
    /// Absolute path.
    pub path: String,
    /// Digest of its content: 64 hexadecimal digits.
    pub sha256: String,
}

/// How far a command is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Phase {
    /// The sandbox asked for it.
    Asked,
    /// It does not run: a machine-readable word says why.
    Refused(String),
    /// It runs.
    Started,
    /// It ended.
    Ended {
        /// Exit code, where it exited.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        code: Option<i32>,
        /// Signal that ended it, where one did.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        signal: Option<i32>,
        /// Why it was made to end: a machine-readable word, where it was.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
        /// Bytes of its standard output.
        stdout: u64,
        /// Bytes of its standard error.
        stderr: u64,
        /// Duration in milliseconds.
        milliseconds: u64,
    },
}
