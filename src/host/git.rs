#![expect(clippy::disallowed_methods, reason = "adapter: runs git, reads its environment")]
//! Who the user is to git. Asked of git itself, which knows where its configuration lies and what it includes.
//!
//! Invariant: git answers from the user's own files (`--global`), outside any folder of a repository. Of a repository it
//! gets the path alone, so that `includeIf "gitdir:…"` applies; it runs nothing to answer.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// A configuration may lie on a file system that does not answer: a start waits no longer for a name.
const PATIENCE: Duration = Duration::from_secs(2);
/// What git may read of the environment, besides where its configuration lies.
const PASSED: [&str; 4] = ["HOME", "PATH", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"];

/// Name and address that the user's commits carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Author {
    /// `user.name`.
    pub name: Option<String>,
    /// `user.email`.
    pub email: Option<String>,
}

/// Asks git who the user is; without git, or an answer, nobody.
pub async fn author(repository: Option<&Path>) -> Author {
    let mut command = Command::new("git");
    // A repository's configuration has no say in an answer from the global one; if it had, it could run nothing.
    command.args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
    if let Some(repository) = repository {
        command.arg("--git-dir").arg(repository);
    }
    command.args(["config", "--global", "--includes", "--null", "--get-regexp", r"^user\.(name|email)$"]);
    command.current_dir("/").env_clear().kill_on_drop(true);
    command.envs(PASSED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::null()).stderr(Stdio::null());
    match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => parse(&output.stdout),
        _ => Author::default(),
    }
}

/// Reads `key`, newline, value, and a zero byte after each; the last one counts, as it does for git.
fn parse(answer: &[u8]) -> Author {
    let mut author = Author::default();
    for entry in String::from_utf8_lossy(answer).split('\0') {
        let Some((key, value)) = entry.split_once('\n') else { continue };
        let value = Some(value.to_owned()).filter(|value| !value.is_empty() && !value.contains(char::is_control));
        match key {
            "user.name" => author.name = value,
            "user.email" => author.email = value,
            _ => {}
        }
    }
    author
}

#[cfg(test)]
mod tests;
