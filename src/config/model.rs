//! The typed model of a `devcontainer.json`: every property of the specification, each value with its origin.
//!
//! Invariant: nothing here has been judged yet. A property that is missing from this model cannot reach a plan.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::source::{Origin, Spanned};

/// A string before and after variable substitution.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// As the file has it.
    pub raw: String,
    /// With its variables replaced.
    pub value: String,
}

impl Text {
    /// Returns a text that has no variables.
    pub fn plain(value: impl Into<String>) -> Self {
        let value = value.into();
        Self { raw: value.clone(), value }
    }
}

/// What the container is made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind {
    /// `image`.
    Image(Spanned<Text>),
    /// `build.dockerfile` or the older `dockerFile`.
    Dockerfile(Box<Build>),
    /// `dockerComposeFile`.
    Compose(Compose),
    /// No file, or a file that names none of the three.
    #[default]
    Default,
}

/// The properties of an image build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// `build.dockerfile`, relative to the folder of the configuration.
    pub dockerfile: Spanned<Text>,
    /// `build.context`, relative to the folder of the configuration; the Dockerfile's folder when absent.
    pub context: Option<Spanned<Text>>,
    /// `build.args`.
    pub args: Vec<Variable>,
    /// `build.target`.
    pub target: Option<Spanned<Text>>,
    /// `build.cacheFrom`.
    pub cache_from: Vec<Spanned<Text>>,
    /// `build.options`, arguments of `docker build`.
    pub options: Vec<Spanned<Text>>,
}

/// The properties that point to a Compose project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compose {
    /// `dockerComposeFile`.
    pub files: Vec<Spanned<Text>>,
    /// `service`.
    pub service: Option<Spanned<Text>>,
    /// `runServices`; `None` means all.
    pub run_services: Option<Vec<Spanned<Text>>>,
}

/// A named variable; `None` unsets it (`remoteEnv` only).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name exactly as written; never substituted.
    pub name: String,
    /// The value.
    pub value: Option<Text>,
    /// Origin of the value.
    pub origin: Origin,
}

/// An entry of `mounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountRequest {
    /// The `--mount` syntax of Docker.
    Text(Text),
    /// The object form, fields in the order of the file.
    Object(Vec<(String, Text)>),
}

/// A lifecycle command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A string: run by `/bin/sh -c`.
    Shell(Text),
    /// An array: an argument vector, no shell.
    Argv(Vec<Text>),
    /// An object: named commands that run in parallel.
    Parallel(Vec<(String, Self)>),
}

/// An entry of `features`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureRequest {
    /// The reference as written.
    pub id: String,
    /// Its options, not interpreted.
    pub options: Value,
}

/// One parsed configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DevContainer {
    /// `name`.
    pub name: Option<Spanned<Text>>,
    /// `image`, `build` (and `dockerFile`, `context`) or `dockerComposeFile` with its companions.
    pub kind: Kind,
    /// `features`.
    pub features: Vec<Spanned<FeatureRequest>>,
    /// `overrideFeatureInstallOrder`.
    pub override_feature_install_order: Vec<Spanned<Text>>,
    /// `appPort`, integers as text.
    pub app_port: Vec<Spanned<Text>>,
    /// `forwardPorts`, integers as text.
    pub forward_ports: Vec<Spanned<Text>>,
    /// `portsAttributes`.
    pub ports_attributes: Option<Spanned<Value>>,
    /// `otherPortsAttributes`.
    pub other_ports_attributes: Option<Spanned<Value>>,
    /// `runArgs`.
    pub run_args: Vec<Spanned<Text>>,
    /// `workspaceMount`; empty text means no mount.
    pub workspace_mount: Option<Spanned<Text>>,
    /// `workspaceFolder`.
    pub workspace_folder: Option<Spanned<Text>>,
    /// `mounts`.
    pub mounts: Vec<Spanned<MountRequest>>,
    /// `containerEnv`.
    pub container_env: Vec<Variable>,
    /// `remoteEnv`.
    pub remote_env: Vec<Variable>,
    /// `containerUser`.
    pub container_user: Option<Spanned<Text>>,
    /// `remoteUser`.
    pub remote_user: Option<Spanned<Text>>,
    /// `updateRemoteUserUID`.
    pub update_remote_user_uid: Option<Spanned<bool>>,
    /// `userEnvProbe`.
    pub user_env_probe: Option<Spanned<String>>,
    /// `overrideCommand`.
    pub override_command: Option<Spanned<bool>>,
    /// `shutdownAction`.
    pub shutdown_action: Option<Spanned<String>>,
    /// `init`.
    pub init: Option<Spanned<bool>>,
    /// `privileged`.
    pub privileged: Option<Spanned<bool>>,
    /// `capAdd`.
    pub cap_add: Vec<Spanned<Text>>,
    /// `securityOpt`.
    pub security_opt: Vec<Spanned<Text>>,
    /// `initializeCommand`, which the specification runs on the host.
    pub initialize_command: Option<Spanned<Command>>,
    /// `onCreateCommand`.
    pub on_create_command: Option<Spanned<Command>>,
    /// `updateContentCommand`.
    pub update_content_command: Option<Spanned<Command>>,
    /// `postCreateCommand`.
    pub post_create_command: Option<Spanned<Command>>,
    /// `postStartCommand`.
    pub post_start_command: Option<Spanned<Command>>,
    /// `postAttachCommand`.
    pub post_attach_command: Option<Spanned<Command>>,
    /// `waitFor`.
    pub wait_for: Option<Spanned<String>>,
    /// `hostRequirements`.
    pub host_requirements: Option<Spanned<Value>>,
    /// `secrets`.
    pub secrets: Option<Spanned<Value>>,
    /// `customizations`, one entry a tool; the older top-level `extensions`, `settings` and `devPort` are in `vscode`.
    pub customizations: Vec<(String, Spanned<Value>)>,
    /// Where the parts of `customizations.cloister` stand, by their pointers.
    pub asked: BTreeMap<String, Origin>,
    /// Properties that nobody knows.
    pub unknown: Vec<Spanned<String>>,
}
