//! `initializeCommand`: a command of the user's machine (SEC-03).

use serde_json::json;

use super::{Kind, Opens, Request, hook_place, shown};
use crate::facts::Script;

/// Programs that run a text.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "fish"];

impl Request {
    /// Returns the request to run a command on the user's machine; `name` is the key of the object form, `script` the file
    /// of the workspace that its first word names, all of whose content is a part of the request.
    pub fn initialize(name: &str, command: &[String], script: Option<&Script>) -> Self {
        let digest = script.map(|script| script.digest.as_str());
        let program = command.first().map_or("", String::as_str);
        let script = script.map(|Script { digest, text }| {
            let text = text.as_ref().map_or_else(|| "(not text)".to_owned(), |text| format!("\n{text}"));
            format!("\n\n{program}, {digest}: {text}")
        });
        let content = shown(command) + &script.unwrap_or_default();
        let canonical = Self::initialize_canonical(name, command, digest);
        let is_shell = SHELLS.contains(&program.rsplit('/').next().unwrap_or(program));
        let opens = is_shell.then_some(Opens::HostShell).into_iter().collect();
        Self { opens, ..Self::new(Kind::InitializeCommand, hook_place("initialize", name), content, &canonical) }
    }

    /// Returns the digest of the same request, for whoever knows the script by its digest alone.
    pub fn initialize_digest(name: &str, command: &[String], script: Option<&str>) -> String {
        super::digest(&Self::initialize_canonical(name, command, script))
    }

    fn initialize_canonical(name: &str, command: &[String], script: Option<&str>) -> serde_json::Value {
        json!({ "kind": Kind::InitializeCommand, "name": name, "command": command, "script": script })
    }
}
