//! A finding: one difference between what was asked and what will run, with its reason.

use serde::{Deserialize, Serialize};

use crate::source::{Location, Origin};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A convenience was taken away.
    Low,
    /// Would weaken the sandbox in some way.
    Medium,
    /// Would open the sandbox to something that matters.
    High,
    /// Would be the end of the sandbox.
    Critical,
}

/// What was done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Left out.
    Removed,
    /// Something else runs instead.
    Replaced,
    /// Put in by cloister.
    Added,
    /// Left out until the user approves it.
    NeedsApproval,
    /// The plan does not run.
    Refused,
    /// Runs as asked; worth knowing.
    Kept,
}

macro_rules! codes {
    ($(#[doc = $summary:literal] $variant:ident = $text:literal,)+) => {
        /// The stable name of a kind of finding (`docs/plan.md`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $summary] #[serde(rename = $text)] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the code as printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Returns what it is about, as a sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)+ }.trim_ascii()
            }
        }
    };
}

codes! {
    /// Full privileges.
    Privileged = "privileged",
    /// A capability.
    CapAdd = "cap-add",
    /// A security option.
    SecurityOpt = "security-opt",
    /// A flag of `docker run`.
    RunArg = "run-arg",
    /// A graphics card.
    Gpu = "gpu",
    /// A socket of a container engine, or a folder that holds one.
    MountDockerSocket = "mount-docker-socket",
    /// A folder of credentials.
    MountCredentials = "mount-credentials",
    /// A path of the host.
    MountHostPath = "mount-host-path",
    /// A path that climbs out of the workspace.
    MountOutsideWorkspace = "mount-outside-workspace",
    /// A source that leads through a link.
    MountSymlink = "mount-symlink",
    /// Driver options of a volume.
    MountVolumeOpts = "mount-volume-opts",
    /// A volume that is not this sandbox's.
    MountForeignVolume = "mount-foreign-volume",
    /// Mount propagation.
    MountPropagation = "mount-propagation",
    /// A target that cloister needs, or that must not be covered.
    MountReservedTarget = "mount-reserved-target",
    /// `workspaceMount`.
    WorkspaceMount = "workspace-mount",
    /// `workspaceFolder`.
    WorkspaceFolder = "workspace-folder",
    /// Root inside.
    RootUser = "root-user",
    /// A user that is no user, or none of the image's.
    UserSyntax = "user-syntax",
    /// An image that is no image.
    ImageSyntax = "image-syntax",
    /// An image without a digest.
    ImageUnpinned = "image-unpinned",
    /// A command for the host.
    InitializeCommand = "initialize-command",
    /// A command for the sandbox.
    LifecycleCommand = "lifecycle-command",
    /// A command that needs root.
    RootSetup = "root-setup",
    /// `overrideCommand`.
    OverrideCommand = "override-command",
    /// `appPort`.
    AppPort = "app-port",
    /// `forwardPorts`.
    ForwardPorts = "forward-ports",
    /// A variable that cloister sets, or that loads code.
    ReservedEnv = "reserved-env",
    /// A variable with an impossible name or value.
    EnvName = "env-name",
    /// A variable of the host.
    LocalEnv = "localenv",
    /// A build context outside the workspace.
    BuildContext = "build-context",
    /// A Dockerfile outside the workspace.
    BuildPath = "build-path",
    /// An option of `docker build`.
    BuildOption = "build-option",
    /// Network use of a build.
    BuildNetwork = "build-network",
    /// A BuildKit frontend.
    BuildFrontend = "build-frontend",
    /// An entry of the image's own metadata.
    MetadataLabel = "metadata-label",
    /// Where a Feature comes from.
    FeatureSource = "feature-source",
    /// A local Feature outside its folder.
    FeaturePath = "feature-path",
    /// A Feature without a digest.
    FeatureUnpinned = "feature-unpinned",
    /// A Feature that is not what was locked.
    FeatureIntegrity = "feature-integrity",
    /// An option of a Feature.
    FeatureOption = "feature-option",
    /// A privilege that a Feature asks for.
    FeaturePrivilege = "feature-privilege",
    /// A Feature that brings an engine or its socket.
    FeatureDockerSocket = "feature-docker-socket",
    /// A Compose file that cannot be read.
    ComposeParse = "compose-parse",
    /// A privilege in a Compose file.
    ComposePrivilege = "compose-privilege",
    /// A service beside the agent's.
    ComposeSibling = "compose-sibling",
    /// A network of a Compose file.
    ComposeNetwork = "compose-network",
    /// Driver options in a Compose file.
    ComposeVolumeOpts = "compose-volume-opts",
    /// A file that a Compose file reads.
    ComposeFileRead = "compose-file-read",
    /// A host variable in a Compose file.
    ComposeInterpolation = "compose-interpolation",
    /// A service with cloister's name.
    ComposeReservedName = "compose-reserved-name",
    /// A customization that acts on the host side of VS Code.
    VscodeCustomization = "vscode-customization",
    /// Text that is not what it looks like.
    DisplayString = "display-string",
    /// The file is not JSONC.
    ParseError = "parse-error",
    /// A key stands twice.
    DuplicateKey = "duplicate-key",
    /// A value of the wrong type.
    TypeError = "type-error",
    /// Nobody knows this property.
    UnknownProperty = "unknown-property",
    /// cloister does not act on this yet.
    NotYet = "not-yet",
    /// A setting of the user's that widens what the network gives.
    Network = "network",
    /// A domain that the repository asks for.
    DomainRequest = "domain-request",
    /// A repository inside the workspace.
    NestedRepo = "nested-repo",
    /// Several configurations in one folder.
    SeveralConfigurations = "several-configurations",
}

/// One difference between what was asked and what will run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// What was done.
    pub action: Action,
    /// JSON pointer into the configuration, or `label:` and a pointer into the image's metadata.
    pub pointer: String,
    /// Where in which file.
    pub location: Option<Location>,
    /// What was asked, printable.
    pub requested: String,
    /// What runs instead, printable; empty for nothing.
    pub effective: String,
    /// Why.
    pub reason: String,
    /// What to do, where there is something to do; empty otherwise.
    pub help: String,
}

impl Finding {
    /// Returns a finding about the value at `origin`, with nothing in its place and no help.
    pub fn new(
        code: Code,
        severity: Severity,
        action: Action,
        origin: &Origin,
        requested: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity,
            action,
            pointer: origin.pointer.clone(),
            location: origin.location.clone(),
            requested: requested.into(),
            effective: String::new(),
            reason: reason.into(),
            help: String::new(),
        }
    }

    /// Tells whether the plan does not run because of it. A build cannot leave out what waits for approval: the image
    /// would be another one.
    pub fn stops(&self) -> bool {
        let is_build = matches!(self.code, Code::BuildNetwork | Code::BuildFrontend);
        self.action == Action::Refused || is_build && self.action == Action::NeedsApproval
    }

    /// Says what runs instead.
    #[must_use]
    pub fn effective(mut self, effective: impl Into<String>) -> Self {
        self.effective = effective.into();
        self
    }

    /// Says what the user can do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}
