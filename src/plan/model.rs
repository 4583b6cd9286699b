//! The plan: an immutable, fully specified value. Its JSON form is the contract (`schemas/plan.schema.json`).
//!
//! Invariant: no meaningful choice is left to whoever applies it; what only the engine can allocate is written `auto`,
//! `${CLOISTER_GUARDIAN}` or `${CLOISTER_TOKEN}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::Finding;

/// What every placeholder begins with; no text of a repository's may hold it where placeholders are filled.
pub const PLACEHOLDER: &str = "${CLOISTER_";
/// Placeholder for the guardian's address on the sandbox's network.
pub const GUARDIAN: &str = "${CLOISTER_GUARDIAN}";
/// Placeholder for the sandbox's token.
pub const TOKEN: &str = "${CLOISTER_TOKEN}";
/// Placeholder for the folder of cloister's own programs, mounted read-only.
pub const PROGRAMS: &str = "${CLOISTER_PROGRAMS}";
/// Placeholder for the folder of files that cloister writes for this sandbox, mounted read-only.
pub const FILES: &str = "${CLOISTER_FILES}";
/// What of a repository's `.git` is covered by a copy in [`FILES`], under `git/` and the same name.
pub const GIT_COVERS: [&str; 4] = ["commondir", "config", "config.worktree", "hooks"];
/// Name of git's system-wide configuration in [`FILES`].
pub const GIT_CONFIG: &str = "gitconfig";
/// Part of the name of the volume that a clone lies in, which no other volume of a sandbox has.
pub const CLONE: &str = "workspace-clone";
/// Placeholder for the sandbox's own home folder.
pub const HOME: &str = "${CLOISTER_HOME}";
/// What root may do in the set-up phase. A sandbox has no capability.
pub const SETUP_CAPABILITIES: [&str; 5] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];
/// What is allocated at start.
pub const AUTO: &str = "auto";

/// Whether a plan may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may.
    Ready,
    /// It may not; the findings say why.
    Refused,
}

/// What will run, completely.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Version of this format.
    pub version: u32,
    /// `sha256:…` of the canonical JSON without `digest` and `facts`.
    pub digest: String,
    /// Whether it may run.
    pub outcome: Verdict,
    /// What was known and what was not when it was made.
    pub facts: FactsSummary,
    /// The configuration it was made from.
    pub config: ConfigSummary,
    /// The folder that the sandbox works on.
    pub workspace: Workspace,
    /// The containers, the agent's first; empty when refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// The container that approved commands run in as root, before the agent's is made from the image that they leave;
    /// `None` where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup: Option<Container>,
    /// The network; `None` when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// The guardian's part; `None` when refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Lifecycle commands in the order they run.
    pub lifecycle: Vec<Hook>,
    /// Names of variables that the user passes to the processes of `start` and `exec`; every process can read them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_env: Vec<String>,
    /// Every difference between what was asked and what will run.
    pub findings: Vec<Finding>,
}

/// What was known when the plan was made. Not part of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct FactsSummary {
    /// Names and values.
    pub known: BTreeMap<String, String>,
    /// Names of what only the engine could tell.
    pub unknown: Vec<String>,
}

/// The kind of configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigKind {
    /// An image by reference.
    Image,
    /// An image built from a Dockerfile.
    Dockerfile,
    /// A Compose project.
    Compose,
    /// No file.
    Default,
}

/// Where the configuration came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigSummary {
    /// Path relative to the folder; `None` when there is no file.
    pub path: Option<String>,
    /// Its kind.
    pub kind: ConfigKind,
    /// `sha256:…` of the bytes of the file.
    pub digest: Option<String>,
    /// `name` of the configuration, made printable.
    pub name: Option<String>,
}

/// The folder that the sandbox works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Folder on the host; `None` when the configuration mounts none.
    pub source: Option<String>,
    /// Where it is mounted.
    pub target: String,
    /// Working directory of every process.
    pub folder: String,
    /// The clone that stands in the place of a folder of the host; `None` where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clone: Option<Cloned>,
}

/// A clone that the sandbox works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cloned {
    /// Folder on the host whose repository it is a clone of; it is not mounted.
    pub repository: String,
    /// Name of the volume that it lies in.
    pub volume: String,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Name in the engine.
    pub name: String,
    /// Image reference; `None` when it is built.
    pub image: Option<String>,
    /// Build; `None` when the image is taken as it is.
    pub build: Option<Build>,
    /// `uid:gid` of every process.
    pub user: String,
    /// The account's name inside, as the identity files will show it.
    pub user_name: String,
    /// Home folder; `auto` until the image is known.
    pub home: String,
    /// Capabilities dropped: always `ALL`.
    pub cap_drop: Vec<String>,
    /// Capabilities added: none, or [`SETUP_CAPABILITIES`] in the set-up phase.
    pub cap_add: Vec<String>,
    /// Security options, in the order the engine gets them.
    pub security_opt: Vec<String>,
    /// Always false.
    pub privileged: bool,
    /// The engine's own init; always false, since ours is process 1.
    pub init: bool,
    /// Whether the root file system is read-only.
    pub readonly_rootfs: bool,
    /// Mounts, in order.
    pub mounts: Vec<Mount>,
    /// Environment of the container.
    pub env: BTreeMap<String, String>,
    /// Environment of lifecycle commands, `start` and `exec` on top of `env`; `None` unsets.
    pub remote_env: BTreeMap<String, Option<String>>,
    /// Published ports: always none.
    pub ports: Vec<String>,
    /// Devices: always none.
    pub devices: Vec<String>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Namespaces.
    pub namespaces: Namespaces,
    /// Limits.
    pub limits: Limits,
    /// Program of process 1.
    pub entrypoint: Vec<String>,
    /// Its arguments.
    pub command: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Host name inside.
    pub hostname: String,
    /// Names with fixed addresses (`/etc/hosts`).
    pub extra_hosts: BTreeMap<String, String>,
    /// Signal that ends the container's own command; `None` for the engine's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// Log driver: always `json-file`.
    pub log_driver: String,
    /// Restart policy: always `no`.
    pub restart: String,
}

/// An image build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// Dockerfile, relative to the mounted folder.
    pub dockerfile: String,
    /// `sha256:` and the SHA-256 of the Dockerfile that was judged; no other one is built.
    pub digest: String,
    /// Context folder, relative to the mounted folder.
    pub context: String,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// Stage.
    pub target: Option<String>,
    /// Images whose layers may be reused.
    pub cache_from: Vec<String>,
    /// Network of the build steps.
    pub network: BuildNetwork,
    /// Whether BuildKit builds, which must be approved, in place of the engine's classic builder.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub buildkit: bool,
    /// Whether the engine may fetch what this Dockerfile names from anywhere, as was approved for this exact text.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub approved: bool,
}

/// The network of build steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildNetwork {
    /// One of the build's own, with the guardian as the only peer.
    Guardian,
    /// None.
    None,
    /// The engine's own, of an approved build by BuildKit.
    Engine,
    /// The machine's own, of an approved build by BuildKit.
    Host,
}

/// The kind of a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    /// A folder or file of the host.
    Bind,
    /// A volume that belongs to this sandbox.
    Volume,
    /// Memory.
    Tmpfs,
}

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: MountKind,
    /// Host path, volume name, or empty for tmpfs.
    pub source: String,
    /// Absolute, normalised path inside.
    pub target: String,
    /// Whether it is read-only.
    pub readonly: bool,
    /// Size cap in bytes, tmpfs only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// Namespaces: always the container's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Namespaces {
    /// Process ids.
    pub pid: String,
    /// System V IPC.
    pub ipc: String,
    /// Host name.
    pub uts: String,
    /// Users: `engine` means whatever the engine is configured for, never `host`.
    pub user: String,
    /// Control groups.
    pub cgroup: String,
}

/// Limits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Processes and threads.
    pub pids: u64,
    /// Memory, and memory with swap, in bytes.
    pub memory_bytes: u64,
    /// CPUs.
    pub cpus: f64,
    /// Open files, soft and hard.
    pub nofile: u64,
    /// Size of `/dev/shm` in bytes.
    pub shm_bytes: u64,
    /// Further resource limits by their Docker name: soft and hard. `core` is always 0.
    pub ulimits: BTreeMap<String, [u64; 2]>,
}

/// The network: internal, one for each sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Name in the engine.
    pub name: String,
    /// Always true.
    pub internal: bool,
    /// `auto`: allocated at start.
    pub subnet: String,
    /// Resolvers inside: one that never answers.
    pub dns: Vec<String>,
}

/// The guardian's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proxy {
    /// Value of the proxy variables.
    pub url: String,
    /// Names of the presets that `allow` contains, sorted.
    pub presets: Vec<String>,
    /// What may be reached: canonical rules, sorted.
    pub allow: Vec<String>,
    /// Digest of the approved request of the repository whose rules are among `allow`; `None` where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What may never be reached, whatever `allow` says.
    pub deny: Vec<String>,
}

/// Where a lifecycle command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the sandbox.
    Container,
    /// On the host.
    Host,
}

/// What becomes of a lifecycle command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookStatus {
    /// It runs.
    Run,
    /// It waits for the user.
    NeedsApproval,
    /// It does not run.
    Dropped,
}

/// One lifecycle command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// Property name without `Command`: `initialize`, `onCreate`, `updateContent`, `postCreate`, `postStart`, `postAttach`.
    pub hook: String,
    /// Key of the object form; empty otherwise. Neighbours with names and the same `group` run in parallel.
    pub name: String,
    /// Number of the property that it belongs to, so that commands from image and file stay apart.
    pub group: u32,
    /// Argument vector.
    pub command: Vec<String>,
    /// `uid:gid`.
    pub user: String,
    /// Where it runs.
    #[serde(rename = "where")]
    pub place: Place,
    /// What becomes of it.
    pub status: HookStatus,
    /// Whether it runs as root in the set-up phase.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub setup: bool,
    /// `sha256:…` of the file of the workspace that a command for the host starts with; `None` where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
}
