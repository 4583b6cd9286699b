//! What a repository asks for beyond what every sandbox gets, and what the user has approved of it.
//!
//! Invariant: an approval is good for one exact content. What is approved is a digest of everything that the request
//! consists of, so that a repository that changes one byte of it asks again.

pub mod approvals;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ident::sha256_hex;
use crate::plan::model::BuildNetwork;

pub use self::approvals::{Approval, Approvals, State};

/// What kind of thing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A lifecycle command that runs as root before the sandbox is there.
    RootSetup,
    /// A build that gets more than every build does.
    Build,
}

/// What a build gets, or does without, once it is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
        }
    }
}

/// One request, with everything that its approval covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Its kind.
    pub kind: Kind,
    /// Where the configuration makes it: `postCreateCommand`, with the key of the object form; or the Dockerfile.
    pub place: String,
    /// The exact content, for people; may hold anything that a repository wrote.
    pub content: String,
    /// `sha256:…` of its canonical form.
    pub digest: String,
    /// What its approval means, of a build.
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
        let key = if name.is_empty() { String::new() } else { format!("/{name}") };
        let place = format!("{hook}Command{key}");
        let content = match command {
            [shell, flag, text] if shell == "/bin/sh" && flag == "-c" => text.clone(),
            words => json!(words).to_string(),
        };
        let canonical = json!({ "kind": Kind::RootSetup, "hook": hook, "name": name, "command": command });
        Self { kind: Kind::RootSetup, place, content, digest: digest(&canonical), opens: Vec::new() }
    }

    /// Returns the request to build what a Dockerfile says although it gets more than every build; `text` is the Dockerfile.
    pub fn build(path: &str, text: &str, asked: AskedBuild<'_>, opens: Vec<Opens>) -> Self {
        let mut content = String::new();
        content.extend((!asked.args.is_empty()).then(|| format!("arguments: {}\n", json!(asked.args))));
        content.extend(asked.target.map(|target| format!("stage: {target}\n")));
        content.push_str(text);
        Self { kind: Kind::Build, place: path.to_owned(), content, digest: asked.digest(), opens }
    }

    /// Tells whether the request comes from a lifecycle property, named with or without `Command`.
    pub fn is_hook(&self, hook: &str) -> bool {
        let own = self.place.split('/').next().unwrap_or_default();
        self.kind == Kind::RootSetup && own.trim_end_matches("Command") == hook.trim_end_matches("Command")
    }
}

fn digest(canonical: &serde_json::Value) -> String {
    format!("sha256:{}", sha256_hex(canonical.to_string().as_bytes()))
}

#[cfg(test)]
mod tests;
