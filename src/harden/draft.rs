//! What the rules write into: a plan in the making.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::ident::SandboxId;
use crate::plan::finding::{Action, Code, Finding, Severity};
use crate::plan::model::{Build, Cloned, Hook, Limits, Mount};
use crate::policy::Policy;
use crate::source::Origin;
use crate::trust::Request;

/// What every rule may read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// What the user allows.
    pub(crate) policy: &'a Policy,
    /// What is known of the machine.
    pub(crate) facts: &'a Facts,
    /// Identity of the sandbox.
    pub(crate) id: &'a SandboxId,
}

/// Who the agent is inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// `uid:gid`.
    pub(crate) user: String,
    /// Name, or `auto` until the image is known.
    pub(crate) name: String,
    /// Home folder, or `auto` until the image is known.
    pub(crate) home: String,
    /// Whether the home folder has to be brought along.
    pub(crate) brings_home: bool,
}

/// Where the workspace is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Host folder; `None` for no mount.
    pub(crate) source: Option<String>,
    /// The clone in its place.
    pub(crate) clone: Option<Cloned>,
    /// Mount target.
    pub(crate) target: String,
    /// Working directory.
    pub(crate) folder: String,
}

impl Place {
    /// Whether the project is there, as itself or as a clone.
    pub(crate) fn has_project(&self) -> bool {
        self.source.is_some() || self.clone.is_some()
    }
}

/// A plan in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) image: Option<String>,
    pub(crate) build: Option<Build>,
    pub(crate) mounts: Vec<Mount>,
    /// Mounts in the workspace over what host tools execute or trust.
    pub(crate) protected: Vec<Mount>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) remote_env: BTreeMap<String, Option<String>>,
    pub(crate) limits: Limits,
    pub(crate) hostname: Option<String>,
    pub(crate) extra_hosts: BTreeMap<String, String>,
    pub(crate) readonly_rootfs: bool,
    pub(crate) keeps_image_command: bool,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) findings: Vec<Finding>,
    /// What the user can approve.
    pub(crate) requests: Vec<Request>,
    /// Where something is mounted.
    pub(crate) targets: BTreeSet<String>,
    /// Where a volume is, among them.
    pub(crate) volumes: BTreeSet<String>,
}

impl Draft {
    /// Returns a draft with the limits of the policy and nothing else.
    pub(crate) fn new(policy: &Policy) -> Self {
        let caps = policy.limits;
        Self {
            image: None,
            build: None,
            mounts: Vec::new(),
            protected: Vec::new(),
            env: BTreeMap::new(),
            remote_env: BTreeMap::new(),
            limits: Limits {
                pids: caps.pids,
                memory_bytes: caps.memory,
                cpus: caps.cpus,
                nofile: caps.nofile,
                shm_bytes: caps.shm,
                // a core file would hold every secret of its process
                ulimits: BTreeMap::from([("core".to_owned(), [0, 0])]),
            },
            hostname: None,
            extra_hosts: BTreeMap::new(),
            readonly_rootfs: false,
            keeps_image_command: false,
            hooks: Vec::new(),
            findings: Vec::new(),
            requests: Vec::new(),
            targets: BTreeSet::new(),
            volumes: BTreeSet::new(),
        }
    }

    /// Notes a finding that has nothing in its place and needs no help text.
    pub(crate) fn note(
        &mut self,
        code: Code,
        severity: Severity,
        action: Action,
        origin: &Origin,
        requested: impl Into<String>,
        reason: impl Into<String>,
    ) {
        self.findings.push(Finding::new(code, severity, action, origin, requested, reason));
    }
}
