//! The kernel's own list of what is mounted in a process (`/proc/<pid>/mountinfo`, proc(5)). Pure.

use std::collections::BTreeMap;

use super::Mismatch;
use crate::plan::model::{Container, MountKind};

/// One line of the list, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    target: String,
    readonly: bool,
    propagated: bool,
}

fn parse(line: &str) -> Option<(String, Line)> {
    let fields: Vec<&str> = line.split(' ').collect();
    let (before, _) = line.split_once(" - ")?;
    let optional = before.split(' ').skip(6);
    let target = unescape(fields.get(4)?);
    let readonly = fields.get(5)?.split(',').any(|option| option == "ro");
    let propagated =
        optional.into_iter().any(|field| field.starts_with("shared:") || field.starts_with("propagate_from:"));
    Some((target.clone(), Line { target, readonly, propagated }))
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// Tells whether the list belongs to a container: the engine's own files carry its id.
pub fn belongs_to(text: &str, container: &str) -> bool {
    text.lines().any(|line| line.contains(" /etc/hostname ") && line.contains(container))
}

/// Returns every difference between the plan's mounts and the list. What lies below /proc, /sys and /dev is the
/// runtime's.
pub fn compare(container: &Container, image_volumes: &[String], text: &str) -> Vec<Mismatch> {
    // The last line for a target is the one that is seen.
    let found: BTreeMap<String, Line> = text.lines().filter_map(parse).collect();
    let mut mismatches = Vec::new();
    let mut differs = |field: String, expected: &str, found: &str| {
        mismatches.push(Mismatch { field, expected: expected.to_owned(), found: found.to_owned() });
    };
    for mount in &container.mounts {
        match found.get(&mount.target) {
            None => differs(format!("mount {}", mount.target), "there", "absent"),
            Some(line) if mount.readonly && !line.readonly => {
                differs(format!("mount {}", mount.target), "read-only", "writable");
            }
            Some(line) if mount.kind == MountKind::Bind && line.propagated => {
                differs(format!("mount {}", mount.target), "private", "shared");
            }
            Some(_) => {}
        }
    }
    let mounts: Vec<&str> = container.mounts.iter().map(|mount| mount.target.as_str()).collect();
    for line in found.values().filter(|line| !is_runtime(&line.target)) {
        let target = line.target.as_str();
        // Mounts below a writable bind came with it.
        let writable = container.mounts.iter().filter(|mount| !mount.readonly && mount.kind == MountKind::Bind);
        let below = writable.into_iter().any(|mount| target.starts_with(&format!("{}/", mount.target)));
        if !mounts.contains(&target) && !image_volumes.iter().any(|volume| volume == target) && !below {
            differs(format!("mount {target}"), "absent", "there");
        }
    }
    mismatches
}

fn is_runtime(target: &str) -> bool {
    let below = |folder: &str| target == folder || target.starts_with(&format!("{folder}/"));
    matches!(target, "/" | "/etc/resolv.conf" | "/etc/hostname" | "/etc/hosts")
        || below("/proc")
        || below("/sys")
        || below("/dev")
}

#[cfg(test)]
mod tests;
