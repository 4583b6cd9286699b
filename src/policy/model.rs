//! What the user allows, as one value. Only the user's own files make it wider; a repository can only ask.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use ipnet::{IpNet, Ipv4Net};

use super::host::Host;
use super::hostexec::Hostexec;
use super::rule::Rule;
use crate::trust::{Approvals, Domains};

/// The effective policy of one sandbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Where a sandbox may connect to.
    pub egress: Egress,
    /// Which variables cross the border.
    pub env: EnvironmentPolicy,
    /// How the guardian reaches the world.
    pub network: NetworkPolicy,
    /// What a sandbox may use at most; also its defaults.
    pub limits: LimitCaps,
    /// Whether a workspace that root owns may be opened, as root without capabilities.
    pub allow_root_workspace: bool,
    /// Whether nothing of an image can be written in a sandbox.
    pub strict: bool,
    /// For how many seconds a request for what nobody listed is held while a person can be asked; 0 for not at all.
    pub hold: u32,
    /// Whether the sandbox works on a clone of the opened repository instead of the folder itself.
    pub works_on_clone: bool,
    /// Which commands of the host sandboxes may ask for.
    pub hostexec: Hostexec,
    /// What of the opened folder's requests the user approved.
    pub approvals: Approvals,
}

/// Presets of a user who has not chosen any.
pub const DEFAULT_PRESETS: [&str; 4] = ["ai", "docs", "git-hosts", "packages"];

/// Seconds that a request is held where the user says nothing.
pub const DEFAULT_HOLD: u32 = 60;

impl Policy {
    /// Returns the policy of a user without a configuration file.
    pub fn builtin() -> Self {
        let presets = DEFAULT_PRESETS.into_iter();
        Self {
            egress: Egress {
                presets: presets.clone().map(str::to_owned).collect(),
                allow: presets.filter_map(super::presets::rules).flatten().collect(),
                asked: None,
                deny: BTreeSet::new(),
            },
            env: EnvironmentPolicy::default(),
            network: NetworkPolicy::default(),
            limits: LimitCaps::default(),
            allow_root_workspace: false,
            strict: false,
            hold: DEFAULT_HOLD,
            works_on_clone: false,
            hostexec: Hostexec::default(),
            approvals: Approvals::default(),
        }
    }
}

/// Where a sandbox may connect to. Deny wins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Egress {
    /// Names of the presets that are part of `allow`.
    pub presets: BTreeSet<String>,
    /// Allowed destinations.
    pub allow: BTreeSet<Rule>,
    /// Digest of what the opened folder's repository asked for and the user approved, which is a part of `allow`.
    pub asked: Option<String>,
    /// Denied destinations.
    pub deny: BTreeSet<Rule>,
}

impl Egress {
    /// Adds what a repository asked for and the user approved.
    pub fn ask(&mut self, asked: &Domains) {
        self.allow.extend(asked.rules.iter().cloned());
        self.asked = Some(asked.digest.clone());
    }
}

/// Which variables cross the border between host and sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentPolicy {
    /// Names whose values reach the processes of `start` and `exec`.
    pub pass: BTreeSet<String>,
    /// Names that `${localEnv:…}` answers, besides the harmless ones of [`crate::config::substitute`].
    pub local: BTreeSet<String>,
}

/// How the guardian reaches the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Addresses that sandbox networks are cut from.
    pub pool: Ipv4Net,
    /// Networks that are exempt from address vetting.
    pub permit_addresses: BTreeSet<IpNet>,
    /// Names with addresses of their own.
    pub hosts: BTreeMap<Host, IpAddr>,
    /// Certificates that every tool in the sandbox gets to trust.
    pub ca_bundle: Option<PathBuf>,
}

/// Network that sandbox networks are cut from, 4096 of them: one that neither homes nor Docker use by default.
pub const DEFAULT_POOL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 222, 0, 0), 16);

impl Default for NetworkPolicy {
    fn default() -> Self {
        Self { pool: DEFAULT_POOL, permit_addresses: BTreeSet::new(), hosts: BTreeMap::new(), ca_bundle: None }
    }
}

/// What a sandbox may use at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitCaps {
    /// Processes and threads.
    pub pids: u64,
    /// Bytes of memory, swap included.
    pub memory: u64,
    /// CPUs.
    pub cpus: f64,
    /// Open files of a process.
    pub nofile: u64,
    /// Bytes of `/dev/shm`.
    pub shm: u64,
    /// Bytes that stay free where sandboxes write; with less, none is started, and those that run are stopped.
    pub free_space: u64,
}

impl Default for LimitCaps {
    fn default() -> Self {
        Self { pids: 4096, memory: 8 << 30, cpus: 4.0, nofile: 16384, shm: 1 << 30, free_space: 1 << 30 }
    }
}
