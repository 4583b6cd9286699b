//! `projects/NAME.json5`: what the user allows the sandboxes of one folder.

use ipnet::Ipv4Net;

use super::super::layer::Layer;
use super::checker::Checker;
use super::shared;
use crate::config::jsonc::{Data, Node};

/// Keys of the top level. How sandboxes are connected is the machine's business and not a project's.
pub(super) const KEYS: &[&str] =
    &["$schema", "folder", "presets", "allow", "deny", "env", "limits", "strict", "approvals"];
const TAKES: &str = "the absolute path of the project's folder, without `.` and `..`";

/// Returns what the file says.
pub(super) fn read(checker: &mut Checker<'_>, root: &Node, pool: Ipv4Net) -> Layer {
    checker.keys(root, "", KEYS);
    Layer { folder: folder(checker, root), ..shared(checker, root, pool) }
}

/// Without it, another folder of the same name would get what this one is allowed.
fn folder(checker: &mut Checker<'_>, root: &Node) -> Option<String> {
    let Some(member) = root.member("folder") else { return checker.missing(root, "folder", TAKES) };
    let plain = |text: &&str| text.starts_with('/') && !text.contains('\0') && !text.split('/').any(is_dots);
    match &member.node.data {
        Data::Text(text) if plain(&text.as_str()) => {
            let trimmed = text.trim_end_matches('/');
            Some(if trimmed.is_empty() { "/" } else { trimmed }.to_owned())
        }
        _ => checker.takes("/folder", &member.node, TAKES),
    }
}

fn is_dots(part: &str) -> bool {
    matches!(part, "." | "..")
}
