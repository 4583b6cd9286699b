//! What a repository asks for beyond what every sandbox gets, and what the user has approved of it.
//!
//! Invariant: an approval is good for one exact content. What is approved is a digest of everything that the request
//! consists of, so that a repository that changes one byte of it asks again.

pub mod approvals;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ident::sha256_hex;

pub use self::approvals::{Approval, Approvals, State};

/// What kind of thing is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A lifecycle command that runs as root before the sandbox is there.
    RootSetup,
    /// A build that has the engine fetch something.
    Build,
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
        Self { kind: Kind::RootSetup, place, content, digest: digest(&canonical) }
    }

    /// Returns the request to build what a Dockerfile says although the engine fetches for it; `text` is the Dockerfile.
    pub fn build(path: &str, text: &str, args: &BTreeMap<String, String>, target: Option<&str>) -> Self {
        let dockerfile = format!("sha256:{}", sha256_hex(text.as_bytes()));
        let mut content = String::new();
        content.extend((!args.is_empty()).then(|| format!("arguments: {}\n", json!(args))));
        content.extend(target.map(|target| format!("stage: {target}\n")));
        content.push_str(text);
        let digest = Self::build_digest(&dockerfile, args, target);
        Self { kind: Kind::Build, place: path.to_owned(), content, digest }
    }

    /// Returns the digest of the request to build a Dockerfile with this digest.
    pub fn build_digest(dockerfile: &str, args: &BTreeMap<String, String>, target: Option<&str>) -> String {
        digest(&json!({ "kind": Kind::Build, "dockerfile": dockerfile, "args": args, "target": target }))
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
