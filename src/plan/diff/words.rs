//! A difference in the words of the plan: the rows of its box, not the members of its JSON form.

use crate::plan::model::{FILES, HOME};
use crate::space::size;

/// Members of a container that are parts of one row, and what they are there.
const PARTS: [(&str, &str); 10] = [
    ("userName", "user"),
    ("home", "user, home folder"),
    ("readonlyRootfs", "user, read-only root"),
    ("mounts", "files"),
    ("limits.pids", "limits, processes"),
    ("limits.cpus", "limits, CPUs"),
    ("limits.nofile", "limits, open files"),
    ("command", "command"),
    ("lifecycle", "hooks"),
    ("workspace", "folder"),
];
/// Limits in bytes.
const SIZES: [(&str, &str); 2] = [("limits.memoryBytes", "limits, memory"), ("limits.shmBytes", "limits, shm")];
/// Variables, of every process and of commands.
const VARIABLES: [&str; 2] = ["env.", "remoteEnv."];

/// Returns a place of a plan as people call it; as it is where they have no word for it.
pub(super) fn place(path: &str) -> String {
    let path = within(path);
    if let Some(name) = VARIABLES.iter().find_map(|variables| path.strip_prefix(variables)) {
        return format!("env, {name}");
    }
    let known = PARTS.iter().chain(&SIZES).find_map(|(member, word)| {
        let rest = path.strip_prefix(member)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then(|| format!("{word}{}", part(rest)))
    });
    known.unwrap_or_else(|| path.to_owned())
}

/// Returns a value at that place as people read it.
pub(super) fn value(path: &str, value: &str) -> String {
    let path = within(path);
    if SIZES.iter().any(|(member, _)| path == *member) {
        return value.parse().map_or_else(|_| value.to_owned(), size);
    }
    // Elsewhere a text of the repository's could look like one of ours.
    if !["mounts", "command"].iter().any(|member| path.starts_with(member)) {
        return value.to_owned();
    }
    let value = value.strip_prefix("bind ").unwrap_or(value).replace(&format!("{FILES}/"), "cloister's ");
    value
        .replace(HOME, "a home of its own")
        .replace("init ${CLOISTER_PROBE}", "cloister's init")
        .replace("tmpfs  →", "memory →")
}

/// `[/cache].readonly` is ` /cache, readonly`.
fn part(rest: &str) -> String {
    let (key, member) = rest.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')).unwrap_or(("", rest));
    let key = if key.is_empty() { String::new() } else { format!(" {key}") };
    key + &member.replacen('.', ", ", 1)
}

/// There is one sandbox, whose name says nothing more.
fn within(path: &str) -> &str {
    let inside = path.strip_prefix("containers[").and_then(|rest| rest.split_once("]."));
    inside.map_or(path, |(_, inside)| inside)
}

#[cfg(test)]
mod tests;
