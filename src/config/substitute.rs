//! `${…}` in string values, exactly as the reference implementation replaces it, except that the host's environment answers
//! for a few harmless names only.
//!
//! Grammar (`/\$\{(.*?)\}/g`): non-greedy, not nested, no escape, one pass, never across a line end. Keys are never touched.
//!
//! Invariant: no value of the host's environment is in [`Variables`] unless its name is harmless or the user's policy lists it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source::Location;

/// Names that `${localEnv:…}` answers without being asked; every `LC_*` is one of them too.
pub const HARMLESS: &[&str] = &["TERM", "LANG", "TZ", "COLORTERM"];

/// What the variables stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables {
    /// Values of the allowed names that are set on the host.
    pub local_env: BTreeMap<String, String>,
    /// Names of what is set on the host; never their values.
    pub set_names: BTreeSet<String>,
    /// Names that the user's policy allows, whether they are set or not.
    pub local_names: BTreeSet<String>,
    /// The folder that was opened, on the host.
    pub local_workspace_folder: String,
    /// The folder inside the container; [`super::read`] puts the configuration's own `workspaceFolder` in its place.
    pub container_workspace_folder: String,
    /// Stable name of this configuration; left verbatim where it is not known.
    pub devcontainer_id: Option<String>,
}

impl Variables {
    /// Takes what is allowed from an environment.
    pub fn with_local_env(
        mut self,
        names: &BTreeSet<String>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.local_names.clone_from(names);
        for (name, value) in environment {
            if is_harmless(&name) || names.contains(&name) {
                self.local_env.insert(name.clone(), value);
            }
            self.set_names.insert(name);
        }
        self
    }

    fn allows(&self, name: &str) -> bool {
        is_harmless(name) || self.local_names.contains(name)
    }
}

/// Returns whether a variable of the host says nothing about the user.
pub fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name) || name.starts_with("LC_")
}

/// The container's folder when the configuration names none: `/workspaces/<name of the mounted folder>/<path below it>`.
pub fn default_container_folder(mount_root: &str, folder: &str) -> String {
    let root = format!("/workspaces/{}", basename(mount_root));
    match Path::new(folder).strip_prefix(mount_root) {
        Ok(below) if below != Path::new("") => format!("{root}/{}", below.display()),
        _ => root,
    }
}

/// A variable of the host that was asked for and not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Name of the variable.
    pub name: String,
    /// JSON pointer of the string that asks.
    pub pointer: String,
    /// Place of that string; `None` for image labels.
    pub location: Option<Location>,
    /// Whether the string brings its own default value, which was used.
    pub had_default: bool,
    /// Whether the host has it at all.
    pub is_set: bool,
}

/// A string after substitution, and what happened on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Substituted {
    /// The result.
    pub value: String,
    /// Names of the host's variables that were not given, and whether a default was used.
    pub denied: Vec<(String, bool)>,
    /// Whether `${localEnv}` or `${containerEnv}` stands there without a name, which the reference treats as fatal.
    pub nameless: bool,
}

/// Replaces every variable but `${containerEnv:…}`, which is known only once the image is.
pub fn substitute(text: &str, variables: &Variables) -> Substituted {
    let mut outcome = Substituted::default();
    outcome.value = replace(text, |name, arguments| match name {
        "env" | "localEnv" => local(arguments, variables, &mut outcome.denied, &mut outcome.nameless),
        "localWorkspaceFolder" => Some(variables.local_workspace_folder.clone()),
        "localWorkspaceFolderBasename" => Some(basename(&variables.local_workspace_folder).to_owned()),
        "containerWorkspaceFolder" => Some(variables.container_workspace_folder.clone()),
        "containerWorkspaceFolderBasename" => Some(basename(&variables.container_workspace_folder).to_owned()),
        "devcontainerId" => variables.devcontainer_id.clone(),
        "containerEnv" => {
            outcome.nameless |= arguments.is_empty();
            None
        }
        _ => None,
    });
    outcome
}

/// Replaces `${containerEnv:NAME[:default]}` from the environment of the image; everything else stays as it is.
pub fn substitute_container_env(text: &str, environment: &BTreeMap<String, String>) -> String {
    replace(text, |name, arguments| match (name, arguments) {
        ("containerEnv", [variable, rest @ ..]) => {
            let default = rest.first().copied().unwrap_or_default();
            Some(environment.get(*variable).map_or(default, String::as_str).to_owned())
        }
        _ => None,
    })
}

fn local(
    arguments: &[&str],
    variables: &Variables,
    denied: &mut Vec<(String, bool)>,
    nameless: &mut bool,
) -> Option<String> {
    let [name, rest @ ..] = arguments else {
        *nameless = true;
        return None;
    };
    // Only the first argument is the default: `${localEnv:X:a:b}` gives `a`.
    let default = rest.first().copied();
    if !variables.allows(name) {
        denied.push(((*name).to_owned(), default.is_some()));
        return Some(default.unwrap_or_default().to_owned());
    }
    // Set but empty is set: the default is not used.
    Some(variables.local_env.get(*name).map_or_else(|| default.unwrap_or_default(), String::as_str).to_owned())
}

/// Runs `answer` on the name and the arguments of every variable; `None` leaves the text as it is.
fn replace(text: &str, mut answer: impl FnMut(&str, &[&str]) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inner = &rest[start + 2..];
        // No end at all, or a line end before it: nothing up to there is a variable.
        let Some(end) = inner.find(['}', '\n', '\r', '\u{2028}', '\u{2029}']) else { break };
        let (before, after) = rest.split_at(start + 2 + end);
        rest = after.strip_prefix('}').unwrap_or(after);
        let mut parts = inner[..end].split(':');
        let name = parts.next().unwrap_or_default();
        let value = if after.starts_with('}') { answer(name, &parts.collect::<Vec<_>>()) } else { None };
        match value {
            Some(value) => result.extend([&before[..start], value.as_str()]),
            None => result.extend([before, &after[..after.len() - rest.len()]]),
        }
    }
    result.push_str(rest);
    result
}

fn basename(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
