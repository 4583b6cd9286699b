//! What a repository asks for beyond what every sandbox gets, and what the user has approved of it.
//!
//! Invariant: an approval is good for one exact content. What is approved is a digest of everything that the request
//! consists of, so that a repository that changes one byte of it asks again.

pub mod approvals;
mod difference;
pub mod domains;
mod feature;
mod initialize;
pub mod mount;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ident::sha256_hex;
use crate::plan::model::BuildNetwork;

pub use self::approvals::{Approval, Approvals, State};
pub use self::difference::{Mark, difference};
pub use self::domains::Domains;

/// Characters of a digest that are shown: `sha256:` and twelve digits.
const SHORT: usize = 19;

/// What kind of thing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A lifecycle command that runs as root before the sandbox is there.
    RootSetup,
    /// A build that gets more than every build does.
    Build,
    /// A command of the user's machine, at every start.
    InitializeCommand,
    /// Hosts that the policy does not list.
    Domains,
    /// A folder or file of the user's machine, read-only.
    Mount,
    /// A Feature that can be another one tomorrow.
    Feature,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::RootSetup, Self::Build, Self::InitializeCommand, Self::Domains, Self::Mount, Self::Feature];

    /// Returns the word that scripts use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RootSetup => "root-setup",
            Self::Build => "build",
            Self::InitializeCommand => "initialize-command",
            Self::Domains => "domains",
            Self::Mount => "mount",
            Self::Feature => "feature",
        }
    }

    /// Returns what is asked, as the end of a sentence that its place begins.
    pub fn asks(self) -> &'static str {
        match self {
            Self::RootSetup => "asks to run this as root, before the agent starts",
            Self::Build => "asks to be built with more than every build gets",
            Self::InitializeCommand => "asks to run this on your machine, outside of every sandbox, at each start",
            Self::Domains => "asks to reach these hosts",
            Self::Mount => "asks to read this of your machine",
            Self::Feature => "asks to be built into the image",
        }
    }

    /// Returns what an approval does, a sentence each; of a build, [`Request::opens`] says it.
    pub fn meaning(self) -> &'static [&'static str] {
        match self {
            Self::RootSetup => &[
                "in a container of its own, behind the guardian, with the workspace read-only; the sandbox begins with what \
                 it leaves in the image, as a user without privileges",
            ],
            Self::Build => &[],
            Self::InitializeCommand => &[
                "it runs as you, with your files and your network, in the project's folder, before the sandbox is made; \
                 nothing of it is sealed",
                "what it reads of the folder is not a part of what you approve: an agent can change that",
            ],
            Self::Domains => &[
                "every sandbox on this folder may send there what it holds; a rule of yours that denies one of them wins",
            ],
            Self::Mount => {
                &["every process of the sandbox can read all that lies there by then, and nothing of it can be written"]
            }
            Self::Feature => &[
                "this version builds no Features: the plan is refused all the same, and the approval counts once one does",
            ],
        }
    }

    /// Returns what has to be done for an approval to be in force, as the command without its folder.
    pub fn next(self) -> &'static str {
        match self {
            Self::InitializeCommand | Self::Domains | Self::Build => "cloister start",
            Self::RootSetup | Self::Mount | Self::Feature => "cloister start --rebuild",
        }
    }
}

/// What a build or a command for the host gets, or does without, once it is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opens {
    /// Files, images and repositories that the engine fetches.
    Fetch,
    /// The engine's own network, by BuildKit.
    EngineNetwork,
    /// The network of the machine, by BuildKit.
    HostNetwork,
    /// BuildKit, without a network.
    Unlimited,
    /// Caches of BuildKit.
    SharedCache,
    /// Secrets that are asked for and not there.
    WithoutSecret,
    /// A frontend that is asked for and does not run.
    WithoutFrontend,
    /// A shell of the machine, of a command for it.
    HostShell,
}

impl Opens {
    /// Returns what that means, as a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Fetch => "the engine fetches for it from your machine's own network, past the guardian",
            Self::EngineNetwork => {
                "its RUN steps run as root in the engine's own network, not behind the guardian: they reach the \
                 internet, your local network and services of this machine, nothing limits their memory, and they run \
                 what the build context holds by then, which an agent can change"
            }
            Self::HostNetwork => {
                "its RUN steps run as root in your machine's own network, not behind the guardian: they reach the \
                 internet, your local network and everything that listens on this machine, localhost included, nothing \
                 limits their memory, and they run what the build context holds by then, which an agent can change"
            }
            Self::Unlimited => {
                "BuildKit builds it, without a network for its RUN steps and without a limit of their memory"
            }
            Self::SharedCache => "its caches are shared with every build of this machine that names the same",
            Self::WithoutSecret => "no secret and no key of yours is handed over: such a step runs without it",
            Self::WithoutFrontend => "the program that # syntax= names does not run",
            Self::HostShell => {
                "a shell of your machine reads this text: it can fetch and run anything, and scripts of the folder that are \
                 not shown here"
            }
        }
    }
}

/// One request, with everything that its approval covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Its kind.
    pub kind: Kind,
    /// Where the configuration makes it: `postCreateCommand`, with the key of the object form; or the Dockerfile.
    pub place: String,
    /// The exact content, for people; may hold anything that a repository wrote.
    pub content: String,
    /// `sha256:…` of its canonical form.
    pub digest: String,
    /// What its approval means, of a build or a command for the host.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub opens: Vec<Opens>,
}

/// A build as it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct AskedBuild<'a> {
    /// `sha256:…` of the Dockerfile.
    pub dockerfile: &'a str,
    /// Build arguments.
    pub args: &'a BTreeMap<String, String>,
    /// Stage.
    pub target: Option<&'a str>,
    /// The network of its steps where BuildKit is to build, which is a part of what is approved.
    pub buildkit: Option<BuildNetwork>,
}

impl AskedBuild<'_> {
    /// Returns the digest of the request for it.
    pub fn digest(&self) -> String {
        let Self { dockerfile, args, target, buildkit } = *self;
        let mut canonical = json!({ "kind": Kind::Build, "dockerfile": dockerfile, "args": args, "target": target });
        if let Some(network) = buildkit {
            canonical["buildkit"] = json!(network);
        }
        digest(&canonical)
    }
}

impl Request {
    /// Returns the request to run a command as root; `hook` is the property without `Command`, `name` the key of the
    /// object form.
    pub fn root_setup(hook: &str, name: &str, command: &[String]) -> Self {
        let canonical = json!({ "kind": Kind::RootSetup, "hook": hook, "name": name, "command": command });
        Self::new(Kind::RootSetup, hook_place(hook, name), shown(command), &canonical)
    }

    fn new(kind: Kind, place: String, content: String, canonical: &serde_json::Value) -> Self {
        Self { kind, place, content, digest: digest(canonical), opens: Vec::new() }
    }

    /// Returns the request to build what a Dockerfile says although it gets more than every build; `text` is the Dockerfile.
    pub fn build(path: &str, text: &str, asked: AskedBuild<'_>, opens: Vec<Opens>) -> Self {
        let mut content = String::new();
        content.extend((!asked.args.is_empty()).then(|| format!("arguments: {}\n", json!(asked.args))));
        content.extend(asked.target.map(|target| format!("stage: {target}\n")));
        content.push_str(text);
        Self { kind: Kind::Build, place: path.to_owned(), content, digest: asked.digest(), opens }
    }

    /// Returns what its approval means, a sentence each.
    pub fn meaning(&self) -> Vec<&'static str> {
        self.kind.meaning().iter().copied().chain(self.opens.iter().map(|opens| opens.meaning())).collect()
    }

    /// Tells whether the request comes from a lifecycle property, named with or without `Command`.
    pub fn is_hook(&self, hook: &str) -> bool {
        let own = self.place.split('/').next().unwrap_or_default();
        matches!(self.kind, Kind::RootSetup | Kind::InitializeCommand)
            && own.trim_end_matches("Command") == hook.trim_end_matches("Command")
    }
}

/// Where a lifecycle command stands.
fn hook_place(hook: &str, name: &str) -> String {
    let key = if name.is_empty() { String::new() } else { format!("/{name}") };
    format!("{hook}Command{key}")
}

/// A command as the file has it: the text for a shell, or the words.
fn shown(command: &[String]) -> String {
    match command {
        [shell, flag, text] if shell == "/bin/sh" && flag == "-c" => text.clone(),
        words => json!(words).to_string(),
    }
}

/// Returns as much of a digest as tells it from others.
pub fn short(digest: &str) -> &str {
    digest.get(..SHORT).unwrap_or(digest)
}

fn digest(canonical: &serde_json::Value) -> String {
    format!("sha256:{}", sha256_hex(canonical.to_string().as_bytes()))
}

#[cfg(test)]
mod tests;
