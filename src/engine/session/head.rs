//! What is kept read-only and differs from the commit that is checked out: git inside cannot bring it in line.
//!
//! Asked of git in the sandbox, never on the host: whatever the repository's configuration runs, it runs sealed. An image
//! without git gives no answer.

use std::time::Duration;

use tokio::time::timeout;

use super::super::exec::{Process, captured};
use super::super::receipt::Receipt;
use super::Context;
use crate::harden::protect;

/// Nobody waits longer for a remark.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of the answer.
const LIMIT: usize = 64 << 10;
/// The question; nothing is written, and no other repository is entered.
const STATUS: [&str; 8] = [
    "git",
    "--no-optional-locks",
    "status",
    "--porcelain",
    "-z",
    "--untracked-files=no",
    "--ignore-submodules=all",
    "--",
];

/// Returns the paths, as git names them, in a sandbox whose workspace is at `target`.
pub async fn unlike_head(context: &Context, receipt: &Receipt, target: &str) -> Vec<String> {
    let is_git = |path: &str| path == protect::GIT || path.starts_with(".git/");
    // What was made for the sandbox was not there, and an answer costs as much as a process.
    let there = receipt.covers.iter().filter(|cover| !cover.made && !is_git(&cover.path));
    let asked: Vec<_> = there.map(|cover| cover.path.clone()).collect();
    let has_repository = receipt.covers.iter().any(|cover| cover.path.starts_with(".git/"));
    if asked.is_empty() || !has_repository {
        return Vec::new();
    }
    let command = STATUS.map(str::to_owned).into_iter().chain(asked).collect();
    let process = Process { folders: vec![target.to_owned()], ..Process::new(command, &receipt.process) };
    let container = receipt.container.as_deref().unwrap_or_default();
    match timeout(PATIENCE, captured::run(&context.engine, container, &process, LIMIT)).await {
        Ok(Ok(Some(answer))) => paths(&answer),
        _ => Vec::new(),
    }
}

/// Reads what `--porcelain -z` prints: two letters, a space, a path; after a renamed one, its old path.
fn paths(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    let mut entries = text.split('\0');
    let mut paths = Vec::new();
    while let Some(entry) = entries.next() {
        let Some((letters, path)) = entry.split_at_checked(3) else { continue };
        paths.push(path.to_owned());
        if letters.starts_with(['R', 'C']) {
            entries.next();
        }
    }
    paths
}

#[cfg(test)]
mod tests;
