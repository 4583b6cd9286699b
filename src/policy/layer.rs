//! One file of the user's as a value: what it says, and where.

use std::collections::{BTreeMap, BTreeSet};

use super::hostexec::Hostexec;
use super::model::NetworkPolicy;
use super::rule::Rule;
use crate::source::Location;

/// A value with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub location: Location,
}

/// What one file says. What it does not say is left to the layer below.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layer {
    /// The folder that the file is about; every folder where it names none.
    pub folder: Option<String>,
    /// Names of presets, which take the place of those below.
    pub presets: Option<Vec<Placed<String>>>,
    /// Allowed destinations.
    pub allow: Vec<Placed<Rule>>,
    /// Denied destinations.
    pub deny: Vec<Placed<Rule>>,
    /// Variables whose values reach processes.
    pub pass: BTreeSet<String>,
    /// Variables that `${localEnv:…}` answers.
    pub local: BTreeSet<String>,
    /// How the guardian reaches the world.
    pub network: Option<NetworkPolicy>,
    /// What a sandbox may use.
    pub limits: Limits,
    /// Whether a workspace that root owns may be opened.
    pub allow_root_workspace: Option<bool>,
    /// Whether nothing of an image can be written.
    pub strict: Option<bool>,
    /// For how many seconds what nobody listed is held.
    pub hold: Option<u32>,
    /// Which commands may run on the host.
    pub hostexec: Option<Hostexec>,
    /// Where each key stands, as people write it: `limits.memory`.
    pub keys: BTreeMap<String, Location>,
}

/// Limits as far as a file names them, none above the caps.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// CPUs.
    pub cpus: Option<f64>,
    /// Open files of a process.
    pub nofile: Option<u64>,
    /// Bytes of `/dev/shm`.
    pub shm: Option<u64>,
    /// Bytes that stay free.
    pub free_space: Option<u64>,
}
