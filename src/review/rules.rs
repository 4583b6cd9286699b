//! Which files the tools of a host execute or trust, by their names. Pure.

use super::Kind;
use super::difference::{Change, Difference};

/// Folders of editors, agents and hooks: everything in them counts.
const TOOL_FOLDERS: [&str; 9] =
    [".claude", ".cursor", ".devcontainer", ".fleet", ".githooks", ".husky", ".idea", ".vscode", ".zed"];
/// Files of editors, agents, shells and git, at any depth.
const TOOL_FILES: [&str; 15] = [
    ".devcontainer.json",
    ".envrc",
    ".exrc",
    ".gitattributes",
    ".gitmodules",
    ".lefthook.yml",
    ".mcp.json",
    ".mise.toml",
    ".nvim.lua",
    ".nvimrc",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".tool-versions",
    "lefthook.yml",
    "mise.toml",
];
/// Folders of CI services and build tools: everything in them counts.
const BUILD_FOLDERS: [&[&str]; 4] = [&[".cargo"], &[".circleci"], &[".github", "actions"], &[".github", "workflows"]];
/// Files of build tools and CI services, at any depth.
const BUILD_FILES: [&str; 25] = [
    ".drone.yml",
    ".gitlab-ci.yml",
    ".justfile",
    ".npmrc",
    ".pnpmfile.cjs",
    ".travis.yml",
    ".woodpecker.yml",
    ".yarnrc",
    ".yarnrc.yml",
    "GNUmakefile",
    "Jenkinsfile",
    "Justfile",
    "Makefile",
    "Rakefile",
    "Taskfile.yaml",
    "Taskfile.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "conftest.py",
    "gradlew",
    "justfile",
    "makefile",
    "mvnw",
    "package.json",
    "setup.py",
];
/// Folders of what tools made or fetched: too many names to mean anything.
const MADE: [&str; 6] = [".tox", ".venv", "node_modules", "target", "vendor", "venv"];

/// Returns why a file or link matters, by its path relative to the workspace.
pub fn kind(path: &str) -> Option<Kind> {
    let parts: Vec<&str> = path.split('/').collect();
    let (name, folders) = parts.split_last()?;
    if folders.iter().any(|folder| MADE.contains(folder)) {
        return None;
    }
    // A link in the place of such a folder counts as what would be in it.
    if parts.iter().any(|part| TOOL_FOLDERS.contains(part)) {
        return Some(Kind::Tool);
    }
    if BUILD_FOLDERS.iter().any(|folder| parts.windows(folder.len()).any(|window| window == *folder)) {
        return Some(Kind::Build);
    }
    match *name {
        name if TOOL_FILES.contains(&name) || name.ends_with(".code-workspace") => Some(Kind::Tool),
        name if BUILD_FILES.contains(&name) => Some(Kind::Build),
        _ => None,
    }
}

/// Modes of git's: what stands for another repository.
const GITLINK: u32 = 0o160_000;

/// Returns what of a commit matters: a path with its modes before and after, 0 where it is not there.
pub fn committed(path: &str, old: u32, new: u32) -> Option<Difference> {
    let kind = if new == GITLINK { Some(Kind::Repository) } else { kind(path).filter(|_| new != 0) };
    let change = if old == 0 { Change::New } else { Change::Changed };
    kind.map(|kind| Difference { kind, path: path.to_owned(), change })
}

/// Returns what of a file's contents matters; `None` where nothing does.
pub fn relevant(path: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    if path.rsplit('/').next() != Some("package.json") {
        return Some(bytes.to_vec());
    }
    // Of a package only its scripts run; what cannot be read may be anything.
    let Ok(package) = serde_json::from_slice::<serde_json::Value>(bytes) else { return Some(bytes.to_vec()) };
    Some(package.get("scripts")?.to_string().into_bytes())
}

#[cfg(test)]
mod tests;
